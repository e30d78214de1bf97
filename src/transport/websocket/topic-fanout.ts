/**
 * TopicFanout: from a channel to its subscribers, by the runtime's own topics.
 *
 * A push is encoded at most once per format, and only in formats somebody listens in. The
 * runtime then writes it to every subscriber; no member is looked at in JavaScript.
 */
import type { Server } from "bun";
import type { ChannelId } from "../../base/ids.ts";
import { kindOf } from "../../core/channel.ts";
import type { Fanout } from "../../core/connection.ts";
import type { Hub } from "../../core/hub.ts";
import type { MessagePush, Push } from "../../core/pushes.ts";
import { encodePush, FORMATS } from "../../protocol/codec.ts";
import type { Frame } from "../../protocol/frames.ts";
import { topicOf } from "./topics.ts";
import { WebSocketConnection } from "./websocket-connection.ts";

export class TopicFanout implements Fanout {
  readonly #hub: Hub;
  readonly #servers: Server<WebSocketConnection>[] = [];
  #published = 0;
  #deliveries = 0;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** Frames handed to the runtime, since the start. */
  get published(): number {
    return this.#published;
  }

  /** Frames times subscribers, since the start. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** Adds a listener whose sockets are to be reached; each has topics of its own. */
  attach(server: Server<WebSocketConnection>): void {
    this.#servers.push(server);
  }

  publish(channel: ChannelId, push: Push): void {
    for (const format of FORMATS) {
      const topic = topicOf(channel, format);
      let frame: Frame | undefined;
      for (const server of this.#servers) {
        const subscribers = server.subscriberCount(topic);
        if (subscribers === 0) continue;
        frame ??= encodePush(format, push);
        this.#published += 1;
        this.#deliveries += subscribers;
        if (format === "reference" && push.kind === "msg" && kindOf(channel) === "room") {
          this.#withoutSender(channel, push, () => server.publish(topic, frame ?? ""));
        } else {
          server.publish(topic, frame);
        }
      }
    }
  }

  /**
   * Clients of the reference system show their own room messages themselves, and its server leaves
   * the sender out: their sessions step out of the topic for the moment of the publish.
   */
  #withoutSender(channel: ChannelId, { message }: MessagePush, publish: () => void): void {
    const out: WebSocketConnection[] = [];
    for (const { connection } of this.#hub.find(message.appPlatform, message.from)?.sessions ?? []) {
      if (!(connection instanceof WebSocketConnection) || connection.format !== "reference") continue;
      if (!connection.isSubscribed(channel)) continue;
      connection.unsubscribe(channel);
      out.push(connection);
    }
    publish();
    for (const connection of out) connection.subscribe(channel);
  }
}

/**
 * TopicFanout: from a channel to its subscribers, by the runtime's own topics.
 *
 * A push is encoded at most once per format, and only in formats somebody listens in. The
 * runtime then writes it to every subscriber; no member is looked at in JavaScript.
 *
 * An inbox has no topic: its subscribers are the few sessions of one user, which the hub knows, and a topic of
 * its own would take 0.4 KB of every connection. What a turn of the event loop brings to a session is written at its end.
 */
import type { Server } from "bun";
import type { Clock } from "../../base/clock.ts";
import type { ChannelId } from "../../base/ids.ts";
import { kindOf, ownerOf } from "../../core/channel.ts";
import type { Fanout } from "../../core/connection.ts";
import type { Hub } from "../../core/hub.ts";
import type { MessagePush, Push } from "../../core/pushes.ts";
import { encodePush, FORMATS } from "../../protocol/codec.ts";
import type { Format, Frame } from "../../protocol/frames.ts";
import { topicOf } from "./topics.ts";
import { WebSocketConnection } from "./websocket-connection.ts";

export class TopicFanout implements Fanout {
  readonly #hub: Hub;
  readonly #clock: Clock;
  /** Connections with frames for their inbox, to be released when the turn ends. */
  #gathering: WebSocketConnection[] = [];
  readonly #servers: Server<WebSocketConnection>[] = [];
  #published = 0;
  #deliveries = 0;

  constructor(hub: Hub, clock: Clock) {
    this.#hub = hub;
    this.#clock = clock;
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
    if (kindOf(channel) === "inbox") {
      this.#publishToInbox(channel, push);
      return;
    }
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

  #publishToInbox(channel: ChannelId, push: Push): void {
    const frames: { [format in Format]?: Frame } = {};
    for (const user of this.#hub.findAll(ownerOf(channel))) {
      for (const { connection } of user.sessions) {
        if (!(connection instanceof WebSocketConnection) || !connection.hearsInbox) continue;
        let frame = frames[connection.format];
        if (frame === undefined) {
          frame = encodePush(connection.format, push);
          frames[connection.format] = frame;
          this.#published += 1;
        }
        this.#deliveries += 1;
        if (connection.gather(frame)) this.#releaseSoon(connection);
      }
    }
  }

  #releaseSoon(connection: WebSocketConnection): void {
    this.#gathering.push(connection);
    if (this.#gathering.length > 1) return;
    this.#clock.soon(() => {
      const gathering = this.#gathering;
      this.#gathering = [];
      for (const one of gathering) one.release();
    });
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

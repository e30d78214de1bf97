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
import type { Push } from "../../core/pushes.ts";
import { encodePush, FORMATS } from "../../protocol/codec.ts";
import type { Format, Frame } from "../../protocol/frames.ts";
import { type Around, SlicedTopics } from "./sliced-topics.ts";
import { topicOf } from "./topics.ts";
import { WebSocketConnection } from "./websocket-connection.ts";

export class TopicFanout implements Fanout {
  readonly #hub: Hub;
  readonly #clock: Clock;
  /** Connections with frames for their inbox, to be released when the turn ends. */
  #gathering: WebSocketConnection[] = [];
  readonly #listeners = new Map<Server<WebSocketConnection>, SlicedTopics>();
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

  /** The topics of a listener; each has its own. What is published reaches those that were asked for. */
  topicsOf(server: Server<WebSocketConnection>): SlicedTopics {
    let topics = this.#listeners.get(server);
    if (topics === undefined) {
      topics = new SlicedTopics(server, this.#clock);
      this.#listeners.set(server, topics);
    }
    return topics;
  }

  publish(channel: ChannelId, push: Push): void {
    if (kindOf(channel) === "inbox") {
      this.#publishToInbox(channel, push);
      return;
    }
    for (const format of FORMATS) {
      let topic: string | undefined;
      let frame: Frame | undefined;
      for (const topics of this.#listeners.values()) {
        if (!topics.formats.has(format)) continue;
        topic ??= topicOf(channel, format);
        const subscribers = topics.subscribers(topic);
        if (subscribers === 0) continue;
        frame ??= encodePush(format, push);
        this.#published += 1;
        this.#deliveries += subscribers;
        topics.publish(topic, frame, format === "reference" ? this.#aroundSender(channel, push) : undefined);
      }
    }
  }

  /** Writes what waits for its turn in big channels, before connections are closed. */
  flush(): void {
    for (const topics of this.#listeners.values()) topics.flush();
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
  #aroundSender(channel: ChannelId, push: Push): Around | undefined {
    if (push.kind !== "msg" || kindOf(channel) !== "room") return undefined;
    const { appPlatform, from } = push.message;
    return (name, publish) => {
      const sessions = this.#hub.find(appPlatform, from)?.sessions ?? [];
      const publishWithout = sessions.reduce(
        (inner, { connection }) =>
          connection instanceof WebSocketConnection && connection.format === "reference"
            ? () => connection.without(name, inner)
            : inner,
        publish,
      );
      publishWithout();
    };
  }
}

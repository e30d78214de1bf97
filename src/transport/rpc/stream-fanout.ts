/**
 * StreamFanout: from a channel to the streams that are subscribed to it. A push is shaped and measured once,
 * however many they are.
 */
import { create } from "@bufbuild/protobuf";
import type { ChannelId } from "../../base/ids.ts";
import type { Fanout } from "../../core/connection.ts";
import type { Push } from "../../core/pushes.ts";
import { type Push as PushOnWire, PushSchema } from "../../gen/prim/v1/frame_pb.ts";
import { eventOf } from "../../protocol/protobuf-codec.ts";

/** A push as streams carry it. */
export interface Parcel {
  readonly push: PushOnWire;
  /** In JSON, which is the longer of the two encodings a stream may have. */
  readonly bytes: number;
}

export interface Subscriber {
  offer(parcel: Parcel): void;
}

export class StreamFanout implements Fanout {
  readonly #subscribers = new Map<ChannelId, Set<Subscriber>>();
  #deliveries = 0;

  /** Pushes handed to streams, since the start. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** Channels with subscribers. */
  get channelCount(): number {
    return this.#subscribers.size;
  }

  subscribe(channel: ChannelId, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(channel);
    if (subscribers === undefined) this.#subscribers.set(channel, new Set([subscriber]));
    else subscribers.add(subscriber);
  }

  unsubscribe(channel: ChannelId, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(channel);
    if (subscribers?.delete(subscriber) && subscribers.size === 0) this.#subscribers.delete(channel);
  }

  publish(channel: ChannelId, push: Push): void {
    const subscribers = this.#subscribers.get(channel);
    if (subscribers === undefined) return;
    const parcel = parcelOf(push);
    this.#deliveries += subscribers.size;
    for (const subscriber of subscribers) subscriber.offer(parcel);
  }
}

export function parcelOf(push: Push): Parcel {
  return {
    push: create(PushSchema, { event: eventOf(push) }),
    bytes: Buffer.byteLength(JSON.stringify(push)),
  };
}

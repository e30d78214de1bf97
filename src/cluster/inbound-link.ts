/**
 * InboundLink: one link of a peer to this node, after its hello. It hands on what the frames bring, in order, and
 * says when what was taken is to be acknowledged. It waits for delivery before it reads on: the peer's
 * frames wait in the connection's window meanwhile, and then in the peer.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import { PrimError } from "../base/errors.ts";
import type { ChannelId, NodeId } from "../base/ids.ts";
import { LINK_ACK_BYTES, LINK_ACK_FRAMES, LINK_ACK_MS } from "../base/limits.ts";
import type { Message } from "../core/message.ts";
import type { Push } from "../core/pushes.ts";
import type { LinkRequest } from "../gen/prim/v1/node_pb.ts";
import { decodeBatch } from "./link-items.ts";

/** Where things go that peers say. */
export interface LinkReceiver {
  /** Takes a stored message; if a promise is returned the next one waits for it. */
  deliver(message: Message): void | Promise<void>;
  /** Takes a push for the sessions of this node. */
  publishLocally(channel: ChannelId, push: Push): void;
}

/**
 * `broken`: without a goodbye, so something may be lost. `stopped`: the peer stops, and has sent everything. `resting`: so has it,
 * and it comes again when there is more.
 */
export type LinkEnding = "broken" | "stopped" | "resting";

export class InboundLink {
  readonly nodeId: NodeId;
  /** Of two links of one peer the higher is the newer. */
  readonly serial: bigint;
  /** When the last frame came, by the monotonic clock. */
  heardAt: number;
  readonly #clock: Clock;
  readonly #receiver: LinkReceiver;
  readonly #onMissed: () => void;
  readonly #end = Promise.withResolvers<void>();
  #isOver = false;
  #ending: LinkEnding = "broken";
  #taken = 0;
  #acked = 0;
  #bytes = 0;
  #ackDue = Promise.withResolvers<void>();
  #cancelAck: Cancel | undefined;

  /** @param onMissed called when the peer has dropped something. */
  constructor(
    peer: { readonly nodeId: NodeId; readonly serial: bigint },
    clock: Clock,
    receiver: LinkReceiver,
    onMissed: () => void,
  ) {
    this.nodeId = peer.nodeId;
    this.serial = peer.serial;
    this.heardAt = clock.monotonic();
    this.#clock = clock;
    this.#receiver = receiver;
    this.#onMissed = onMissed;
    this.#end.promise.catch(() => {}); // Who acknowledges hears of it; there may be nobody yet.
  }

  /** What an end of the link means now. */
  get ending(): LinkEnding {
    return this.#ending;
  }

  /** Reads the frames to their end, which is the link's. Never rejects. */
  async read(frames: AsyncIterator<LinkRequest>): Promise<void> {
    try {
      for (;;) {
        const next = await frames.next();
        if (next.done === true || this.#isOver) break;
        this.heardAt = this.#clock.monotonic();
        await this.#take(next.value);
        this.#count(next.value);
      }
      this.end();
    } catch (error) {
      this.end(error);
    }
  }

  /** How many frames have been taken, each time the peer is to be told; ends, or throws, with the link. */
  async *acknowledgements(): AsyncGenerator<bigint> {
    for (;;) {
      await Promise.race([this.#ackDue.promise, this.#end.promise]);
      if (this.#acked === this.#taken) break; // Acknowledged all, and was woken by the end.
      this.#acked = this.#taken;
      this.#bytes = 0;
      this.#cancelAck?.();
      this.#cancelAck = undefined;
      this.#ackDue = Promise.withResolvers<void>();
      yield BigInt(this.#acked);
    }
  }

  /** Ends the link: in an orderly way, or with what the peer is told. Repeating it is safe. */
  end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelAck?.();
    if (error === undefined) this.#end.resolve();
    else this.#end.reject(error);
  }

  async #take({ frame }: LinkRequest): Promise<void> {
    if (frame.case === "batch") await this.#takeBatch(frame.value);
    else if (frame.case === "missed") this.#onMissed();
    else if (frame.case === "goodbye") this.#ending = frame.value.stays ? "resting" : "stopped";
    else throw new PrimError("invalid_argument", `Cannot take the frame: "${frame.case}" out of order`);
  }

  async #takeBatch(bytes: Uint8Array): Promise<void> {
    for (const item of decodeBatch(bytes)) {
      if ("push" in item) {
        this.#receiver.publishLocally(item.channel, item.push);
        continue;
      }
      const delivered = this.#receiver.deliver(item.message);
      if (delivered !== undefined) await delivered;
    }
  }

  #count({ frame }: LinkRequest): void {
    this.#taken += 1;
    this.#bytes += frame.case === "batch" ? frame.value.byteLength : 0;
    const isLast = this.#ending !== "broken";
    if (this.#taken - this.#acked >= LINK_ACK_FRAMES || this.#bytes >= LINK_ACK_BYTES || isLast) {
      this.#ackDue.resolve();
    } else {
      this.#cancelAck ??= this.#clock.after(LINK_ACK_MS, () => this.#ackDue.resolve());
    }
  }
}

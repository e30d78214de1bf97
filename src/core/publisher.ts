/**
 * Publisher: the one way a message takes. It is appended to its channel's log, and only then
 * delivered, here and by the other nodes that are interested, and answered for.
 */
import type { ChannelId, UserId } from "../base/ids.ts";
import { inboxOf } from "./channel.ts";
import type { Appended, ChannelLog } from "./channel-log.ts";
import type { Delivery } from "./delivery.ts";
import type { Draft } from "./message.ts";
import type { Peers } from "./peers.ts";

/** What those who send need of it. */
export type MessageSender = Pick<Publisher, "publish" | "publishToUser">;

export class Publisher {
  readonly #log: ChannelLog;
  readonly #delivery: Delivery;
  readonly #peers: Peers | undefined;
  #underWay = 0;
  #stored = 0;
  #whenIdle: (() => void)[] = [];

  /** @param peers undefined where there is only one node. */
  constructor(log: ChannelLog, delivery: Delivery, peers: Peers | undefined) {
    this.#log = log;
    this.#delivery = delivery;
    this.#peers = peers;
  }

  /** Messages that were taken and are not yet answered for. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Messages stored since the start, repeats not counted. */
  get stored(): number {
    return this.#stored;
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /**
   * Stores a message in a channel and has it delivered.
   *
   * @param windowMs see AppendRequest.windowMs.
   * @throws {PrimError} `unavailable` if it was not stored; repeating it with the same seq is safe.
   */
  async publish(channel: ChannelId, draft: Draft, windowMs: number): Promise<Appended> {
    this.#underWay += 1;
    try {
      const appended = await this.#log.append({ channel, draft, windowMs });
      if (appended.repeated) {
        // The first of two equal sends was delivered when it was stored, unless its node died just then.
        this.#delivery.noticed(appended.receipt);
        return appended;
      }
      this.#stored += 1;
      const message = { ...draft, ...appended.receipt };
      this.#delivery.deliver(message);
      if (appended.nodes.length > 0) this.#peers?.forward(appended.nodes, message);
      return appended;
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#wakeIdle();
    }
  }

  /**
   * Sends to a user: the message lies in the recipient's inbox and, if the sender is a user too, in the sender's,
   * so that their other devices see it. The recipient's comes first: if prim dies in
   * between, the sender was not answered, sends again, and the repeat completes the second.
   *
   * @param own true if `draft.from` is a user whose inbox gets a copy; then the answer is its place there.
   */
  async publishToUser(to: UserId, draft: Draft, windowMs: number, own: boolean): Promise<Appended> {
    const addressed: Draft = { ...draft, to };
    const delivered = await this.publish(inboxOf(to), addressed, windowMs);
    if (!own || draft.from === to) return delivered;
    const copy: Draft = { ...addressed, id: delivered.receipt.id };
    return this.publish(inboxOf(draft.from), copy, windowMs);
  }

  #wakeIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const wake of waiting) wake();
  }
}

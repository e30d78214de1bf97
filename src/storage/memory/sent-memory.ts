/**
 * SentMemory: which client message ids were taken lately, so that a repeated send gets the
 * first answer.
 *
 * Bounded: beyond it the ones remembered longest are forgotten early. One that outlives those
 * behind it (windows differ) holds up their leaving until then, which costs room, not truth.
 */
import type { ChannelId } from "../../base/ids.ts";
import type { Draft, Receipt } from "../../core/message.ts";
import { RecentMap } from "../recent-map.ts";

interface Sent {
  readonly receipt: Receipt;
  /** Unix milliseconds: from then on the same seq is a new message. */
  readonly expiresAt: number;
}

export class SentMemory {
  readonly #countMax: number;
  readonly #sent = new RecentMap<string, Sent>();

  /** @param countMax sends remembered, 0 or more. */
  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** The receipt of the first send, if this is a repeat. */
  find(channel: ChannelId, draft: Draft, windowMs: number, now: number): Receipt | undefined {
    if (windowMs <= 0 || draft.seq === "") return undefined;
    const sent = this.#sent.get(sendKey(channel, draft));
    return sent !== undefined && now < sent.expiresAt ? sent.receipt : undefined;
  }

  remember(draft: Draft, windowMs: number, now: number, receipt: Receipt): void {
    if (windowMs <= 0 || draft.seq === "") return;
    this.#sent.set(sendKey(receipt.channel, draft), { receipt, expiresAt: now + windowMs });
  }

  /** Lets go of what is over or too much, at most `stepsMax` of them. */
  forget(now: number, stepsMax: number): void {
    for (let step = 0; step < stepsMax; step++) {
      const oldest = this.#sent.oldest();
      if (oldest === undefined) return;
      if (this.#sent.size <= this.#countMax && now < oldest.value.expiresAt) return;
      this.#sent.delete(oldest.key);
    }
  }
}

/** The lengths keep apart what would read the same when put together. */
function sendKey(channel: ChannelId, { from, seq }: Draft): string {
  return `${channel.length}:${from.length}:${channel}${from}${seq}`;
}

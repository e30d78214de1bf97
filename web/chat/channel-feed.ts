/**
 * ChannelFeed: shows a channel's messages in order, each once, however they come. The position it keeps is that of
 * the last message it has shown; a message that doesn't follow it makes the feed read what is missing from the
 * channel's history first. It knows no socket and no DOM.
 */
import type { ChannelPosition, HistoryPage, JoinedChannel, Message } from "../wire/frames.ts";

export interface ChannelFeedParts {
  /** Reads after an offset, or the newest if there is none; fails when the connection does. */
  history(channel: string, range: { readonly after?: number; readonly limit: number }): Promise<HistoryPage>;
  show(message: Message): void;
  /** What comes next doesn't follow what was shown: messages between are gone, or too many. */
  showGap(): void;
}

/** Messages that are read when there is no place to go on from: a few screens. */
const NEWEST = 100;
/** Messages in one page when going on. */
const PAGE = 200;
/** Missed messages beyond which the newest are shown instead: more than the page keeps anyway. */
const MISSED_MAX = 500;

export class ChannelFeed {
  readonly #channel: string;
  readonly #parts: ChannelFeedParts;
  #position: ChannelPosition | undefined;
  #reading = false;
  /** A message came while the history was being read; there may be more than the read has seen. */
  #behind = false;

  constructor(channel: string, parts: ChannelFeedParts) {
    this.#channel = channel;
    this.#parts = parts;
  }

  /** Undefined until something of the channel is known. */
  get position(): ChannelPosition | undefined {
    return this.#position;
  }

  /** A login or join was answered. Unless the server pushes all that was missed, it is read. */
  async joined({ recovered }: JoinedChannel): Promise<void> {
    if (recovered !== true) await this.catchUp();
  }

  /** Takes a pushed message, in any order, any number of times. */
  async take(message: Message): Promise<void> {
    if (this.#reading) {
      this.#behind = true;
      return;
    }
    const seen = this.#position;
    if (message.epoch === seen?.epoch) {
      if (message.offset <= seen.offset) return;
      if (message.offset === seen.offset + 1) {
        this.#show(message);
        return;
      }
    }
    await this.catchUp();
  }

  /** Shows everything up to the channel's head. If the connection fails on the way, the next login goes on from there. */
  async catchUp(): Promise<void> {
    if (this.#reading) {
      this.#behind = true;
      return;
    }
    this.#reading = true;
    try {
      let more = true;
      while (more) {
        this.#behind = false;
        more = (await this.#readPage()) || this.#behind;
      }
    } finally {
      this.#reading = false;
    }
  }

  /** @returns true if there is more to read. */
  async #readPage(): Promise<boolean> {
    const seen = this.#position;
    if (seen !== undefined) {
      const page = await this.#parts.history(this.#channel, { after: seen.offset, limit: PAGE });
      if (follows(page, seen)) {
        for (const message of page.messages) this.#show(message);
        return page.more;
      }
      this.#parts.showGap();
    }
    const { epoch, head, messages } = await this.#parts.history(this.#channel, { limit: NEWEST });
    for (const message of messages) {
      if (message.epoch !== seen?.epoch || message.offset > seen.offset) this.#show(message);
    }
    this.#position = { channel: this.#channel, epoch, offset: head };
    return false;
  }

  #show(message: Message): void {
    this.#position = { channel: this.#channel, epoch: message.epoch, offset: message.offset };
    this.#parts.show(message);
  }
}

/** True if the page goes on where `seen` ends, and its end is within reach. */
function follows({ epoch, head, messages }: HistoryPage, seen: ChannelPosition): boolean {
  if (epoch !== seen.epoch || head - seen.offset > MISSED_MAX) return false;
  const [first] = messages;
  return first === undefined ? head === seen.offset : first.offset === seen.offset + 1;
}

/**
 * Conversation: all channels of one login as one stream of messages. It gives each channel a feed, and reads again
 * what could not be read.
 */
import { ClosedError } from "../wire/chat-socket.ts";
import type { ChannelPosition, JoinedChannel, Message } from "../wire/frames.ts";
import { ChannelFeed, type ChannelFeedParts } from "./channel-feed.ts";

/** The server had no answer for the history: it is busy, or its disk is. */
const READ_AGAIN_MS = 3_000;

export class Conversation {
  readonly #parts: ChannelFeedParts;
  #feeds = new Map<string, ChannelFeed>();

  constructor(parts: ChannelFeedParts) {
    this.#parts = parts;
  }

  /** Where to resume from. */
  get positions(): readonly ChannelPosition[] {
    return [...this.#feeds.values()]
      .map(({ position }) => position)
      .filter((position) => position !== undefined);
  }

  /** Resolves when each channel shows what there was before the login; also if that could not be read yet. */
  async joined(channels: readonly JoinedChannel[]): Promise<void> {
    await Promise.all(
      channels.map((joined) => {
        const feed = this.#feedOf(joined.channel);
        return this.#watch(feed, feed.joined(joined));
      }),
    );
  }

  take(message: Message): void {
    const feed = this.#feedOf(message.channel);
    void this.#watch(feed, feed.take(message));
  }

  /** The server has lost what this channel held. */
  historyLost(channel: string): void {
    const feed = this.#feedOf(channel);
    void this.#watch(feed, feed.catchUp());
  }

  /** Somebody else logs in: their channels, and what they may see, are others. */
  reset(): void {
    this.#feeds = new Map();
  }

  #feedOf(channel: string): ChannelFeed {
    let feed = this.#feeds.get(channel);
    if (feed === undefined) {
      const feeds = this.#feeds;
      const isCurrent = () => this.#feeds === feeds;
      feed = new ChannelFeed(channel, {
        history: (name, range) => this.#parts.history(name, range),
        show: (message) => isCurrent() && this.#parts.show(message),
        showGap: () => isCurrent() && this.#parts.showGap(),
      });
      feeds.set(channel, feed);
    }
    return feed;
  }

  async #watch(feed: ChannelFeed, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (error instanceof ClosedError) return; // The next login goes on from what was shown.
      window.setTimeout(() => void this.#watch(feed, feed.catchUp()), READ_AGAIN_MS);
    }
  }
}

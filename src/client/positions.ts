/**
 * Positions: how far each channel was read, and the rule that follows from it: a channel's messages are delivered
 * once, in offset order. A repeat is dropped; a gap is filled from the history before anything later is delivered;
 * what the server can't give any more is said.
 */
import { FILL_MESSAGES_MAX } from "./limits.ts";
import type { ChannelPosition, HistoryPage, JoinedChannel, Message, Position } from "./messages.ts";

/** After a reconnect, or when a gap in live messages was found that could not be filled. */
export interface ResumedEvent extends ChannelPosition {
  /** True: everything that was missed has arrived or follows. False: messages up to `offset` were missed and are not delivered; read the history if you need them. */
  readonly recovered: boolean;
}

export interface PositionsParts {
  /** Reads upwards from an offset; fails when the link breaks. */
  readonly history: (channel: string, after: number) => Promise<HistoryPage>;
  readonly deliver: (message: Message) => void;
  readonly resumed: (event: ResumedEvent) => void;
  /** The history can't be read although the link is there. */
  readonly stuck: (error: unknown) => void;
}

interface Place {
  epoch: string;
  /** Newest offset that was delivered. */
  offset: number;
  /** False until the server has said where the channel stands. */
  known: boolean;
  filling: boolean;
  /** The newest live message that was seen but couldn't be delivered. */
  ahead: Position | undefined;
}

export class Positions {
  readonly #parts: PositionsParts;
  readonly #places = new Map<string, Place>();
  /** A login is under way: its answer says what is missing. */
  #resuming = false;
  /** Counts links: what was begun on an earlier one is not gone on with. */
  #links = 0;

  constructor(parts: PositionsParts) {
    this.#parts = parts;
  }

  /** Where a login or another run of the program can resume from. */
  all(): ChannelPosition[] {
    const known = [...this.#places].filter(([, place]) => place.known);
    return known.map(([channel, { epoch, offset }]) => ({ channel, epoch, offset }));
  }

  /** A join is being asked for: the channel's messages may come from now on. */
  expect(channel: string, from?: Position): void {
    const place = this.#places.get(channel);
    if (place?.known) return;
    const { epoch, offset } = from ?? { epoch: "", offset: 0 };
    this.#places.set(channel, { epoch, offset, known: false, filling: false, ahead: undefined });
  }

  /** Sets positions that an earlier run had read to. */
  restore(positions: readonly ChannelPosition[]): void {
    for (const { channel, epoch, offset } of positions) {
      this.#places.set(channel, { epoch, offset, known: true, filling: false, ahead: undefined });
    }
  }

  forget(channel: string): void {
    this.#places.delete(channel);
  }

  clear(): void {
    this.#places.clear();
  }

  /** A login is being asked for, on a new link. */
  resuming(): void {
    this.#links += 1;
    this.#resuming = true;
    for (const place of this.#places.values()) {
      place.filling = false;
      place.ahead = undefined;
    }
  }

  /** The login's answer: where each channel stands. */
  resume(channels: readonly JoinedChannel[]): void {
    this.#resuming = false;
    for (const answer of channels) {
      this.expect(answer.channel);
      this.joined(answer);
    }
  }

  /** The answer to a join, or one channel's of a login. */
  joined({ channel, epoch, offset, recovered }: JoinedChannel): void {
    const place = this.#places.get(channel);
    if (place === undefined) return;
    const wasKnown = place.known;
    place.known = true;
    if (recovered === true) {
      // Nothing was read of it: it may count in another epoch meanwhile.
      if (place.offset === 0) place.epoch = epoch;
    } else if (recovered === false || !wasKnown) {
      place.epoch = epoch;
      place.offset = offset;
    }
    if (recovered !== undefined) {
      this.#parts.resumed({ channel, recovered, epoch: place.epoch, offset: place.offset });
    }
    if (isBehind(place)) this.#fill(channel, place);
  }

  /** A live message: delivered now, later or never. */
  take(message: Message): void {
    const { channel, epoch, offset } = message;
    if (this.#resuming) this.expect(channel);
    const place = this.#places.get(channel);
    // Not a member (any more): a message that was on its way when the channel was left.
    if (place === undefined) return;
    if (place.known && !place.filling && (epoch === place.epoch || place.offset === 0)) {
      if (epoch === place.epoch && offset <= place.offset) return;
      if (offset === place.offset + 1) {
        this.#deliver(place, message);
        return;
      }
    }
    if (place.ahead?.epoch !== epoch || offset > place.ahead.offset) place.ahead = { epoch, offset };
    if (place.known && !place.filling && !this.#resuming) this.#fill(channel, place);
  }

  /** The server says that a channel's log was lost, or trimmed while it was being read. */
  check(channel: string): void {
    const place = this.#places.get(channel);
    if (place?.known && !place.filling && !this.#resuming) this.#fill(channel, place);
  }

  #deliver(place: Place, message: Message): void {
    place.epoch = message.epoch;
    place.offset = message.offset;
    this.#parts.deliver(message);
  }

  #fill(channel: string, place: Place): void {
    const links = this.#links;
    const current = () => links === this.#links && this.#places.get(channel) === place;
    place.filling = true;
    this.#readUp(channel, place, current).catch((error: unknown) => {
      if (current()) this.#parts.stuck(error);
    });
  }

  async #readUp(channel: string, place: Place, current: () => boolean): Promise<void> {
    for (;;) {
      // Stored before it was pushed: this read sees what was ahead until now.
      place.ahead = undefined;
      const page = await this.#parts.history(channel, place.offset);
      if (!current()) return;
      if (page.epoch !== place.epoch && place.offset > 0) {
        this.#skip(channel, place, { epoch: page.epoch, offset: 0 });
        continue;
      }
      place.epoch = page.epoch;
      if (page.head - place.offset > FILL_MESSAGES_MAX) {
        this.#skip(channel, place, { epoch: page.epoch, offset: page.head });
        continue;
      }
      const [first] = page.messages;
      if (first !== undefined && first.offset > place.offset + 1) {
        this.#skip(channel, place, { epoch: page.epoch, offset: first.offset - 1 });
      }
      for (const message of page.messages) {
        if (message.offset === place.offset + 1) this.#deliver(place, message);
        if (!current()) return;
      }
      if (page.more || isBehind(place)) continue;
      place.filling = false;
      return;
    }
  }

  #skip(channel: string, place: Place, to: Position): void {
    place.epoch = to.epoch;
    place.offset = to.offset;
    this.#parts.resumed({ channel, recovered: false, ...to });
  }
}

function isBehind({ ahead, epoch, offset }: Place): boolean {
  return ahead !== undefined && (ahead.epoch !== epoch || ahead.offset > offset);
}

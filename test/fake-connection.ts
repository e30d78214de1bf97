/**
 * A client without a wire: it notes what reaches it, and its fan-out has topics like the real one.
 */
import type { ChannelId } from "../src/base/ids.ts";
import type { CloseReason, Connection, Fanout } from "../src/core/connection.ts";
import type { Push } from "../src/core/pushes.ts";

export class FakeFanout implements Fanout {
  readonly published: { readonly channel: ChannelId; readonly push: Push }[] = [];
  readonly #subscribers = new Map<ChannelId, Set<FakeConnection>>();

  publish(channel: ChannelId, push: Push): void {
    this.published.push({ channel, push });
    for (const connection of this.subscribers(channel)) connection.pushes.push(push);
  }

  subscribers(channel: ChannelId): Set<FakeConnection> {
    let subscribers = this.#subscribers.get(channel);
    if (subscribers === undefined) {
      subscribers = new Set();
      this.#subscribers.set(channel, subscribers);
    }
    return subscribers;
  }
}

export class FakeConnection implements Connection {
  readonly remoteAddress = "192.0.2.1";
  readonly wire = "websocket_json";
  readonly backlogBytes = 0;
  readonly pushes: Push[] = [];
  readonly closed: CloseReason[] = [];
  /** Makes every push report a slow reader until drained() was waited for. */
  slow = false;
  drains = 0;
  readonly #fanout: FakeFanout;

  constructor(fanout: FakeFanout) {
    this.#fanout = fanout;
  }

  /** Offsets of the messages that reached this client from the channel, in order. */
  offsetsIn(channel: ChannelId): number[] {
    return this.pushes.flatMap((push) =>
      push.kind === "msg" && push.message.channel === channel ? [push.message.offset] : [],
    );
  }

  kinds(): string[] {
    return this.pushes.map((push) => push.kind);
  }

  push(push: Push): boolean {
    this.pushes.push(push);
    return !this.slow;
  }

  async drained(): Promise<void> {
    this.drains += 1;
  }

  subscribe(channel: ChannelId): void {
    this.#fanout.subscribers(channel).add(this);
  }

  unsubscribe(channel: ChannelId): void {
    this.#fanout.subscribers(channel).delete(this);
  }

  close(reason: CloseReason): void {
    this.closed.push(reason);
  }
}

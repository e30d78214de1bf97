/**
 * Fanouts: several ways to the connections of this node as one. A channel's subscribers may come over
 * different transports; each has a fan-out of its own.
 */
import type { ChannelId } from "../base/ids.ts";
import type { Fanout } from "./connection.ts";
import type { Push } from "./pushes.ts";

export class Fanouts implements Fanout {
  readonly #fanouts: readonly Fanout[];

  constructor(fanouts: readonly Fanout[]) {
    this.#fanouts = fanouts;
  }

  publish(channel: ChannelId, push: Push): void {
    for (const fanout of this.#fanouts) fanout.publish(channel, push);
  }
}

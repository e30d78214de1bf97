/**
 * Signaller: pushes that are told and not stored (typing, read, enter, exit), on this node and on the others.
 *
 * Who does not hear one in time does not hear it: nothing is repeated and nothing waits for it.
 */
import type { ChannelId, NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { ChannelLog } from "./channel-log.ts";
import type { Fanout } from "./connection.ts";
import type { Peers } from "./peers.ts";
import type { Push } from "./pushes.ts";

export interface SignallerParts {
  readonly log: ChannelLog;
  readonly fanout: Fanout;
  /** Undefined where there is only one node. */
  readonly peers: Peers | undefined;
  readonly logger: Logger;
}

/** What those need of it who know which nodes are interested. */
export type PlacedSignaller = Pick<Signaller, "signalHere" | "signalTo">;

export class Signaller {
  readonly #parts: SignallerParts;

  constructor(parts: SignallerParts) {
    this.#parts = parts;
  }

  /** Tells everybody who sees the channel, on whichever node. */
  signal(channel: ChannelId, push: Push): void {
    const { log, fanout, peers, logger } = this.#parts;
    fanout.publish(channel, push);
    if (peers === undefined) return;
    log.interested(channel).then(
      (nodes) => peers.relay(nodes, channel, push),
      (error: unknown) => logger.warn("signal not relayed", { channel, kind: push.kind, error }),
    );
  }

  /** As signal(), when it is known which other nodes are interested. */
  signalTo(nodes: readonly NodeId[], channel: ChannelId, push: Push): void {
    this.#parts.fanout.publish(channel, push);
    if (nodes.length > 0) this.#parts.peers?.relay(nodes, channel, push);
  }

  /** Tells those on this node only. */
  signalHere(channel: ChannelId, push: Push): void {
    this.#parts.fanout.publish(channel, push);
  }
}

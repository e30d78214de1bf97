/**
 * InboundLinks: the links of all peers to this node, one for each. It owns what the end of a link means: a peer that
 * said goodbye, to stop or to rest, has sent everything; any other end may have lost something, and the log has it.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import { PrimError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import {
  INBOUND_LINKS_MAX,
  LINK_KEEPALIVE_MS,
  LINK_OPEN_MS_MAX,
  LINK_SILENCE_MS_MAX,
} from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { LinkHello, LinkRequest } from "../gen/prim/v1/node_pb.ts";
import { InboundLink, type LinkReceiver } from "./inbound-link.ts";
import { chooseVersion, type LinkVersions } from "./link-items.ts";

export interface InboundLinksParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly receiver: LinkReceiver;
  /** A link ended without a goodbye, and no newer one has taken its place. */
  readonly onBroken: (nodeId: NodeId) => void;
  /** A link is open. */
  readonly onOpen: (nodeId: NodeId) => void;
  /** A peer dropped something, or a link was replaced while it may have held something. */
  readonly onMissed: (nodeId: NodeId) => void;
}

/** What the called node answers: the version, then how many frames it has taken. */
export type LinkAnswer = { readonly version: number } | { readonly frames: bigint };

export class InboundLinks {
  readonly #nodeId: NodeId;
  readonly #versions: LinkVersions;
  readonly #parts: InboundLinksParts;
  readonly #links = new Map<NodeId, InboundLink>();
  readonly #goodbyes = new Set<NodeId>();
  readonly #cancelWatch: Cancel;
  #stopped = false;

  constructor(nodeId: NodeId, versions: LinkVersions, parts: InboundLinksParts) {
    this.#nodeId = nodeId;
    this.#versions = versions;
    this.#parts = parts;
    this.#cancelWatch = parts.clock.every(LINK_KEEPALIVE_MS / 2, () => this.#endSilent());
  }

  /** Peers whose link is open now. */
  get peers(): Iterable<NodeId> {
    return this.#links.keys();
  }

  /** True if the peer has ended its link with a goodbye, and not come back. */
  saidGoodbye(nodeId: NodeId): boolean {
    return this.#goodbyes.has(nodeId);
  }

  /**
   * Serves one link to its end.
   *
   * @throws {PrimError} what NodeService.Link fails with (node.proto).
   */
  async *serve(frames: AsyncIterable<LinkRequest>, signal: AbortSignal): AsyncGenerator<LinkAnswer> {
    const iterator = frames[Symbol.asyncIterator]();
    const hello = await this.#hello(iterator);
    const version = this.#versionFor(hello);
    const link = this.#admit(hello);
    const onAbort = () => link.end(signal.reason);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    try {
      yield { version };
      void link.read(iterator);
      for await (const taken of link.acknowledgements()) yield { frames: taken };
    } finally {
      signal.removeEventListener("abort", onAbort);
      link.end();
      this.#leave(link);
    }
  }

  /** Forgets the goodbye of a node that is no more. Its link, if one is open, ends by itself. */
  forget(nodeId: NodeId): void {
    this.#goodbyes.delete(nodeId);
  }

  /** Ends all links in an orderly way, and takes no new ones: this node stops. */
  stop(): void {
    this.#stopped = true;
    this.#cancelWatch();
    for (const link of this.#links.values()) link.end();
  }

  async #hello(iterator: AsyncIterator<LinkRequest>): Promise<LinkHello> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = this.#parts.clock.after(LINK_OPEN_MS_MAX, () =>
      reject(new PrimError("deadline_exceeded", `Cannot link: no hello within ${LINK_OPEN_MS_MAX} ms`)),
    );
    try {
      const first = await Promise.race([iterator.next(), late]);
      const frame = first.done === true ? undefined : first.value.frame;
      if (frame?.case !== "hello") {
        throw new PrimError("invalid_argument", "Cannot link: the first frame is not a hello");
      }
      return frame.value;
    } finally {
      cancel();
    }
  }

  #versionFor({ nodeId, versionOldest, versionNewest }: LinkHello): number {
    const version = chooseVersion(this.#versions, [versionOldest, versionNewest]);
    if (version !== undefined) return version;
    const [oldest, newest] = this.#versions;
    throw new PrimError(
      "failed_precondition",
      `Cannot link with node "${nodeId}": it speaks versions ${versionOldest} to ${versionNewest} of the link, this node ${oldest} to ${newest}`,
    );
  }

  #admit(hello: LinkHello): InboundLink {
    const nodeId = hello.nodeId as NodeId;
    const { serial } = hello;
    if (this.#stopped) throw new PrimError("unavailable", "Cannot link: the node is stopping");
    if (nodeId === this.#nodeId) throw new PrimError("invalid_argument", "Cannot link a node with itself");
    const older = this.#links.get(nodeId);
    if (older !== undefined && older.serial >= serial) throw replaced();
    if (older === undefined && this.#links.size >= INBOUND_LINKS_MAX) {
      throw new PrimError("resource_exhausted", `Cannot link: there are ${INBOUND_LINKS_MAX} links already`);
    }
    const { clock, receiver, onMissed, onOpen } = this.#parts;
    const link = new InboundLink({ nodeId, serial }, clock, receiver, () => onMissed(nodeId));
    this.#links.set(nodeId, link);
    this.#goodbyes.delete(nodeId);
    if (older !== undefined) {
      older.end(replaced());
      if (older.ending !== "resting") onMissed(nodeId);
    }
    onOpen(nodeId);
    return link;
  }

  #leave(link: InboundLink): void {
    const { nodeId } = link;
    // Another one has taken its place, and said so.
    if (this.#links.get(nodeId) !== link) return;
    this.#links.delete(nodeId);
    if (link.ending === "stopped") this.#goodbyes.add(nodeId);
    else if (link.ending === "broken" && !this.#stopped) this.#parts.onBroken(nodeId);
  }

  #endSilent(): void {
    const heardMin = this.#parts.clock.monotonic() - LINK_SILENCE_MS_MAX;
    for (const link of this.#links.values()) {
      if (link.heardAt > heardMin) continue;
      link.end(new PrimError("deadline_exceeded", `Cannot go on: silent for ${LINK_SILENCE_MS_MAX} ms`));
    }
  }
}

function replaced(): PrimError {
  return new PrimError("aborted", "Cannot go on: a newer link of this node has taken its place");
}

/**
 * OldNodes: the nodes of the reference system that live, each with its connection.
 */
import { REFERENCE_STOP_MS_MAX } from "../base/limits.ts";
import { OldNode, type OldNodeParts } from "./old-node.ts";

export interface OldNodesParts extends OldNodeParts {
  /** Addresses of those that live. It never fails. */
  readonly addresses: () => Promise<ReadonlySet<string>>;
}

export class OldNodes {
  readonly #parts: OldNodesParts;
  readonly #nodes = new Map<string, OldNode>();
  #hasClosed = false;

  constructor(parts: OldNodesParts) {
    this.#parts = parts;
  }

  /** Those that live now. It never fails. */
  async living(): Promise<readonly OldNode[]> {
    const addresses = await this.#parts.addresses();
    if (this.#hasClosed) return [];
    for (const [address, node] of this.#nodes) {
      if (addresses.has(address)) continue;
      node.close();
      this.#nodes.delete(address);
    }
    for (const address of addresses) {
      if (!this.#nodes.has(address)) this.#nodes.set(address, new OldNode(address, this.#parts));
    }
    return [...this.#nodes.values()];
  }

  /** Waits for what is on its way, within REFERENCE_STOP_MS_MAX, and disconnects. */
  async close(): Promise<void> {
    const nodes = [...this.#nodes.values()];
    const idle = Promise.all(nodes.map((node) => node.idle()));
    const late = new Promise<void>((resolve) => this.#parts.clock.after(REFERENCE_STOP_MS_MAX, resolve));
    await Promise.race([idle, late]);
    this.#hasClosed = true;
    for (const node of this.#nodes.values()) node.close();
    this.#nodes.clear();
  }
}

/**
 * PeerCalls: questions to other nodes, with a deadline each. A peer that doesn't answer costs those who ask one
 * deadline; then it counts as silent at once, until a call that is let through after a while is answered.
 */
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { PrimError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { PEER_CALL_RETRY_MS_MAX, PEER_CALL_RETRY_MS_MIN, PEER_CALLS_MAX } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { Random } from "../base/random.ts";
import type { LivingNode } from "../core/node-registry.ts";
import type { NodeService } from "../gen/prim/v1/node_pb.ts";
import type { LivingNodes } from "./living-nodes.ts";

/** One call, for example `(client, options) => client.isOnline({ user }, options)`. */
export type PeerCall<T> = (
  client: Client<typeof NodeService>,
  options: { readonly timeoutMs: number },
) => Promise<T>;

export interface Answers<T> {
  readonly answers: readonly { readonly nodeId: NodeId; readonly answer: T }[];
  /** Living nodes whose answer did not come. Dead ones are in neither list: they have nothing to say. */
  readonly silent: readonly NodeId[];
}

export interface PeerCallsParts {
  readonly self: NodeId;
  readonly living: LivingNodes;
  readonly clientOf: (node: LivingNode) => Client<typeof NodeService>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class PeerCalls {
  readonly #parts: PeerCallsParts;
  readonly #circuits = new Map<NodeId, Circuit>();

  constructor(parts: PeerCallsParts) {
    this.#parts = parts;
    const forget = (nodeId: NodeId) => void this.#circuits.delete(nodeId);
    parts.living.listen({ died: forget, left: forget });
  }

  /** Asks all other living nodes; see askAll(). */
  askOthers<T>(call: PeerCall<T>, deadlineMs: number): Promise<Answers<T>> {
    const others = this.#parts.living.others.map(({ nodeId }) => nodeId);
    return this.askAll(others, call, deadlineMs);
  }

  /**
   * Asks several nodes at the same time. Never rejects: who fails is silent, and the log says why.
   *
   * @param nodes this node among them is left out.
   * @param deadlineMs milliseconds, 1 or more, for each of them.
   */
  async askAll<T>(nodes: readonly NodeId[], call: PeerCall<T>, deadlineMs: number): Promise<Answers<T>> {
    const answers: { nodeId: NodeId; answer: T }[] = [];
    const silent: NodeId[] = [];
    const asked = nodes.filter((nodeId) => nodeId !== this.#parts.self);
    const ask = async (nodeId: NodeId) => {
      const node = await this.#find(nodeId);
      if (node === undefined) return;
      try {
        answers.push({ nodeId, answer: await this.#ask(node, call, deadlineMs) });
      } catch (error) {
        silent.push(nodeId);
        this.#parts.logger.debug("peer silent", { peer: nodeId, error });
      }
    };
    await Promise.all(asked.map(ask));
    return { answers, silent };
  }

  /**
   * Asks one node.
   *
   * @throws {PrimError} `not_found` if it does not live; `unavailable` if it did not answer before, or is asked too
   *   much at once.
   * @throws {ConnectError} what it answers.
   */
  async ask<T>(nodeId: NodeId, call: PeerCall<T>, deadlineMs: number): Promise<T> {
    const node = await this.#find(nodeId);
    if (node === undefined) throw new PrimError("not_found", `Cannot ask node "${nodeId}": it does not live`);
    return this.#ask(node, call, deadlineMs);
  }

  /** Looks anew for a node that was dead at the last look, too: who is named may just have come back. */
  async #find(nodeId: NodeId): Promise<LivingNode | undefined> {
    const { living } = this.#parts;
    const known = living.find(nodeId);
    if (known !== undefined) return known;
    await living.look();
    return living.find(nodeId);
  }

  async #ask<T>(node: LivingNode, call: PeerCall<T>, deadlineMs: number): Promise<T> {
    const { clock, random, clientOf } = this.#parts;
    let circuit = this.#circuits.get(node.nodeId);
    if (circuit === undefined) {
      circuit = new Circuit(clock, random);
      this.#circuits.set(node.nodeId, circuit);
    }
    if (!circuit.enter()) {
      throw new PrimError(
        "unavailable",
        `Cannot ask node "${node.nodeId}": it does not answer, or too slowly`,
      );
    }
    let answered = true;
    try {
      return await call(clientOf(node), { timeoutMs: deadlineMs });
    } catch (error) {
      answered = !NO_ANSWER.has(ConnectError.from(error).code);
      throw error;
    } finally {
      circuit.leave(answered);
    }
  }
}

/** Lets calls through while they are answered, and after a failure one at a time, with waits that grow. */
class Circuit {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #underWay = 0;
  #failing = false;
  #retryAt = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#backoff = new Backoff(PEER_CALL_RETRY_MS_MIN, PEER_CALL_RETRY_MS_MAX, random);
  }

  enter(): boolean {
    if (this.#underWay >= PEER_CALLS_MAX) return false;
    if (this.#failing && (this.#underWay > 0 || this.#clock.monotonic() < this.#retryAt)) return false;
    this.#underWay += 1;
    return true;
  }

  leave(answered: boolean): void {
    this.#underWay -= 1;
    this.#failing = !answered;
    if (answered) this.#backoff.reset();
    else this.#retryAt = this.#clock.monotonic() + this.#backoff.next();
  }
}

/** What the way to a peer fails with; a connection that breaks makes calls Aborted or Canceled. Other codes are answers. */
const NO_ANSWER: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.Aborted,
  Code.Canceled,
  Code.Internal,
  Code.Unknown,
]);

/**
 * PeerLink: the outbound link to one peer, over all its lives. It is opened with the first thing to say, kept open
 * while there is more, and given up when there was nothing for a while.
 *
 * What the peer has not taken, for whatever reason, makes one fact: it missed something. From then on
 * nothing is queued and nothing costs anything, until a link is open and the peer can be told to read its log.
 * That is the circuit breaker: a peer that is dead, frozen or slow holds at most one queue.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { Backoff } from "../base/backoff.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import { PrimError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LINK_CLOSE_MS_MAX, LINK_RETRY_MS_MAX, LINK_RETRY_MS_MIN } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { Random } from "../base/random.ts";
import { LinkCall, type LinkEnd, type LinkFrame, type LinkSource, type OpenLink } from "./link-call.ts";
import { encodeBatch } from "./link-items.ts";
import type { LinkOpenings } from "./link-openings.ts";
import { LinkQueue } from "./link-queue.ts";

export interface PeerLinkParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly open: OpenLink;
  /** Shared by all links of this node. */
  readonly openings: LinkOpenings;
  /** The hello of the next life. */
  readonly hello: () => LinkSource["hello"];
  /** The peer can be reached, or can't; said when it changes. */
  readonly onReach: (reached: boolean) => void;
  /** The peer does not answer: the connection is not to be used again. */
  readonly onSilence: () => void;
}

/** What an operator wants to know. */
export interface PeerLinkState {
  readonly isOpen: boolean;
  /** Items that wait. */
  readonly queued: number;
  /** Items handed to the link, and those the peer has to read from the log, since the start. */
  readonly said: number;
  readonly dropped: number;
}

export class PeerLink {
  readonly #nodeId: NodeId;
  readonly #parts: PeerLinkParts;
  readonly #queue = new LinkQueue();
  readonly #backoff: Backoff;
  #call: LinkCall | undefined;
  /** Of the retry that is due, or of the request to open it. */
  #cancelRetry: Cancel | undefined;
  #awaitsTurn = false;
  #isOpening = false;
  /** The last life ended because there was nothing to say. */
  #hasRested = false;
  #missed = false;
  /** The peer is to be told to read its log, after what waits. */
  #lookDue = false;
  /** While the link was being closed the peer missed something that it can't be told of any more. */
  #lost = false;
  #reached = true;
  #wakeScheduled = false;
  #closing: Promise<boolean> | undefined;
  #ended = () => {};
  #said = 0;
  #dropped = 0;

  constructor(nodeId: NodeId, parts: PeerLinkParts) {
    this.#nodeId = nodeId;
    this.#parts = parts;
    this.#backoff = new Backoff(LINK_RETRY_MS_MIN, LINK_RETRY_MS_MAX, parts.random);
  }

  get state(): PeerLinkState {
    const isOpen = this.#call?.isWelcomed === true;
    return { isOpen, queued: this.#queue.length, said: this.#said, dropped: this.#dropped };
  }

  /** True while items are dropped: then they need not be made. */
  get isDropping(): boolean {
    return this.#missed || this.#closing !== undefined;
  }

  /** Sends an item, with what else the code under way has to say, or drops it and remembers that. */
  say(item: string): void {
    if (this.isDropping || !this.#queue.push(item)) {
      this.miss(1);
      return;
    }
    this.#said += 1;
    this.#wakeSoon();
  }

  /** Items for the peer were dropped: it is told to read its log. */
  miss(items: number): void {
    if (this.#closing !== undefined) {
      this.#lost = true;
      return;
    }
    this.#dropped += items + this.#queue.length;
    if (this.#missed) return;
    this.#missed = true;
    this.#queue.clear();
    this.#wakeSoon();
  }

  /** Tells the peer, after what waits, to read its log: something may be stored that nobody told it of. */
  lookAgain(): void {
    // Then it is told in any case, or not any more.
    if (this.isDropping) return;
    this.#lookDue = true;
    this.#wakeSoon();
  }

  /**
   * Says what is left and a goodbye, within LINK_CLOSE_MS_MAX; nothing is sent afterwards. Repeating it is safe.
   *
   * @returns whether the peer has taken everything that was ever said.
   */
  close(): Promise<boolean> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  /** Ends the link at once, without a goodbye: the peer is no more. */
  drop(): void {
    this.#closing ??= Promise.resolve(false);
    this.#cancelRetry?.();
    this.#queue.clear();
    this.#call?.abort(new ConnectError("The peer is gone", Code.Canceled));
  }

  async #finish(): Promise<boolean> {
    let isLate = false;
    const cancel = this.#parts.clock.after(LINK_CLOSE_MS_MAX, () => {
      isLate = true;
      this.#call?.abort(new ConnectError("The node stops", Code.Canceled));
    });
    this.#cancelRetry?.();
    // What was said in this very turn has no link yet, or waits for its turn to get one.
    const isDue = this.#cancelRetry === undefined || this.#awaitsTurn;
    if (this.#call === undefined && isDue && this.#queue.length > 0) this.#start();
    await this.#endCall();
    // What was said while it went to rest.
    if (isDue && !isLate && !this.#lost && this.#queue.length > 0) this.#start();
    await this.#endCall();
    cancel();
    return !this.#lost && !this.#missed && !this.#lookDue && this.#queue.length === 0;
  }

  async #endCall(): Promise<void> {
    if (this.#call === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = resolve;
    this.#call.finish();
    await promise;
  }

  #wakeSoon(): void {
    if (this.#wakeScheduled) return;
    this.#wakeScheduled = true;
    // When the code under way lets go, and not when the turn ends: messages that one answer of the store has brought are said by then,
    // and the turn still has to write to the sockets of this node's own clients.
    queueMicrotask(() => {
      this.#wakeScheduled = false;
      if (this.#call !== undefined) this.#call.wake();
      else if (this.#cancelRetry === undefined && this.#closing === undefined) this.#request();
    });
  }

  #request(): void {
    this.#cancelRetry = this.#parts.openings.request(() => this.#start());
    this.#awaitsTurn = this.#cancelRetry !== undefined;
  }

  #start(): void {
    this.#cancelRetry = undefined;
    this.#awaitsTurn = false;
    this.#isOpening = true;
    this.#parts.openings.begun();
    const source: LinkSource = {
      hello: this.#parts.hello(),
      take: () => this.#take(),
      welcomed: (version) => this.#welcomed(version),
    };
    const call = new LinkCall(this.#parts.open, source, this.#parts.clock);
    this.#call = call;
    void call.run().then((end) => this.#onEnd(end));
  }

  #take(): LinkFrame | undefined {
    if (!this.#missed && this.#queue.length > 0) {
      return { frame: { case: "batch", value: encodeBatch(this.#queue.take()) } };
    }
    if (!this.#missed && !this.#lookDue) return undefined;
    this.#missed = false;
    this.#lookDue = false;
    return { frame: { case: "missed", value: {} } };
  }

  /** Others may open theirs. */
  #opened(late: boolean): void {
    if (!this.#isOpening) return;
    this.#isOpening = false;
    this.#parts.openings.done(late);
  }

  #welcomed(version: number): void {
    this.#opened(false);
    // One that had rested comes and goes with what there is to say: no news for an operator.
    this.#parts.logger[this.#hasRested ? "debug" : "info"]("node link open", { peer: this.#nodeId, version });
    this.#setReached(true);
  }

  #onEnd({ error, openMs, confirmed, rested }: LinkEnd): void {
    this.#call = undefined;
    // Its own fault is silence; others are refusals, and a connection that breaks, which are quick.
    this.#opened(error instanceof PrimError);
    if (this.#closing !== undefined && !confirmed) this.#lost = true;
    this.#ended();
    if (this.#closing !== undefined) return;
    if (rested && error === undefined) {
      this.#hasRested = true;
      this.#parts.logger.debug("node link rests", { peer: this.#nodeId });
      // Something may have come up while the peer was hearing so.
      if (this.#queue.length > 0 || this.#missed || this.#lookDue) this.#request();
      return;
    }
    // Who was there before may be there again at once, with the queue; who can't be had gets none.
    if (!confirmed || (openMs === undefined && this.#queue.length > 0)) this.miss(0);
    if (openMs !== undefined && openMs >= LINK_RETRY_MS_MAX) this.#backoff.reset();
    const isLasting = error === undefined || isRefusal(error);
    const retryMs = isLasting ? this.#backoff.long() : this.#backoff.next();
    this.#hasRested = false;
    if (error === undefined) {
      this.#parts.logger.info("node link ended by the peer", { peer: this.#nodeId });
    } else {
      const event = openMs === undefined && !this.#reached ? "debug" : "warn";
      this.#parts.logger[event]("node link failed", { peer: this.#nodeId, error, retryMs });
      if (error instanceof PrimError) this.#parts.onSilence();
      this.#setReached(false);
    }
    this.#cancelRetry = this.#parts.clock.after(retryMs, () => this.#request());
  }

  #setReached(reached: boolean): void {
    if (this.#reached === reached) return;
    this.#reached = reached;
    this.#parts.onReach(reached);
  }
}

/** The peer has understood and said no: it will say so again. */
function isRefusal(error: unknown): boolean {
  const code = ConnectError.from(error).code;
  return (
    code === Code.FailedPrecondition ||
    code === Code.InvalidArgument ||
    code === Code.Unauthenticated ||
    code === Code.Unimplemented ||
    code === Code.ResourceExhausted
  );
}

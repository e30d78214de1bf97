/**
 * OldNode: a node of the reference system, reached by its AccServer over one HTTP/2 connection.
 *
 * Each call has a deadline and is made once: what does not arrive is lost to that node's users, and waits in prim's log for
 * when they come to prim. A node that fails again and again is left alone for a while, and costs nobody anything.
 */
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { Clock } from "../base/clock.ts";
import {
  OLD_NODE_CALL_MS_MAX,
  OLD_NODE_LANES,
  OLD_NODE_QUESTIONS_MAX,
  OLD_NODE_QUEUE_CHARS_MAX,
  OLD_NODE_QUEUE_MAX,
  RPC_MESSAGE_BYTES_MAX,
} from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import { AccServer } from "../gen/protobuf/acc_server_pb.ts";
import { Breaker } from "./breaker.ts";

export type AccClient = Pick<Client<typeof AccServer>, "sendMsg" | "sendMsgAll" | "getUserList">;
/** Options that each call is given. */
export interface CallOptions {
  readonly timeoutMs: number;
}

/** A call that waits for its turn. */
export interface Posted {
  /** Calls with the same one are made one after the other. */
  readonly lane: string;
  /** Characters of text in it. */
  readonly chars: number;
  readonly call: (client: AccClient, options: CallOptions) => Promise<{ readonly retCode: number }>;
}

export interface OldNodeParts {
  readonly clock: Clock;
  readonly log: Logger;
}

const SUCCESS = 200;
const OPTIONS: CallOptions = { timeoutMs: OLD_NODE_CALL_MS_MAX };

export class OldNode {
  /** ip:rpcPort. */
  readonly address: string;
  readonly #log: Logger;
  readonly #breaker: Breaker;
  readonly #lanes: { readonly waiting: Posted[]; isBusy: boolean }[];
  #session: Http2SessionManager;
  readonly #client: AccClient;
  #waiting = 0;
  #waitingChars = 0;
  #questions = 0;
  #busyLanes = 0;
  #dropped = 0;
  #whenIdle: (() => void)[] = [];

  constructor(address: string, { clock, log }: OldNodeParts) {
    this.address = address;
    this.#log = log;
    this.#breaker = new Breaker(clock);
    this.#lanes = Array.from({ length: OLD_NODE_LANES }, () => ({ waiting: [], isBusy: false }));
    this.#session = this.#newSession();
    this.#client = createClient(
      AccServer,
      createGrpcTransport({
        baseUrl: `http://${address}`,
        acceptCompression: [],
        readMaxBytes: RPC_MESSAGE_BYTES_MAX,
        writeMaxBytes: RPC_MESSAGE_BYTES_MAX,
        sessionManager: {
          authority: `http://${address}`,
          request: (...args) => this.#session.request(...args),
          notifyResponseByteRead: (stream) => this.#session.notifyResponseByteRead(stream),
        },
      }),
    );
  }

  /** Calls that were not made because too many waited, or the node was left alone. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Has a call made when it is its turn, or drops it. */
  post(posted: Posted): void {
    const isFull =
      this.#waiting >= OLD_NODE_QUEUE_MAX || this.#waitingChars + posted.chars > OLD_NODE_QUEUE_CHARS_MAX;
    if (isFull || this.#breaker.isResting) {
      this.#dropped += 1;
      return;
    }
    const lane = this.#lanes[Bun.hash.crc32(posted.lane) % OLD_NODE_LANES];
    if (lane === undefined) return;
    lane.waiting.push(posted);
    this.#waiting += 1;
    this.#waitingChars += posted.chars;
    if (!lane.isBusy) void this.#run(lane);
  }

  /**
   * Makes a call at once.
   *
   * @returns undefined if it failed, or the node is left alone, or is asked too much already.
   */
  async ask<T>(call: (client: AccClient, options: CallOptions) => Promise<T>): Promise<T | undefined> {
    if (this.#breaker.isResting || this.#questions >= OLD_NODE_QUESTIONS_MAX) return undefined;
    this.#questions += 1;
    try {
      const answer = await call(this.#client, OPTIONS);
      this.#breaker.succeeded();
      return answer;
    } catch (error) {
      this.#failed(error);
      return undefined;
    } finally {
      this.#questions -= 1;
    }
  }

  /** Resolves when nothing waits and nothing posted is under way. */
  idle(): Promise<void> {
    if (this.#busyLanes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Breaks off what is under way. */
  close(): void {
    for (const lane of this.#lanes) lane.waiting.length = 0;
    this.#waiting = 0;
    this.#waitingChars = 0;
    this.#session.abort(new ConnectError("The connection is given up", Code.Unavailable));
  }

  async #run(lane: { readonly waiting: Posted[]; isBusy: boolean }): Promise<void> {
    lane.isBusy = true;
    this.#busyLanes += 1;
    for (let posted = lane.waiting.shift(); posted !== undefined; posted = lane.waiting.shift()) {
      this.#waiting -= 1;
      this.#waitingChars -= posted.chars;
      if (this.#breaker.isResting) this.#dropped += 1;
      else await this.#make(posted);
    }
    lane.isBusy = false;
    this.#busyLanes -= 1;
    if (this.#busyLanes > 0) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const wake of waiting) wake();
  }

  async #make({ call }: Posted): Promise<void> {
    try {
      const { retCode } = await call(this.#client, OPTIONS);
      this.#breaker.succeeded();
      // Such as a user who has just left: the message lies in the inbox.
      if (retCode !== SUCCESS) this.#log.debug("old node refused", { address: this.address, retCode });
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#log.debug("call to old node failed", { address: this.address, error });
    if (!this.#breaker.failed()) return;
    this.#log.warn("old node left alone for a while", {
      address: this.address,
      dropped: this.#dropped,
      error,
    });
    // The connection may be one to nowhere: the next attempt opens another.
    const broken = this.#session;
    this.#session = this.#newSession();
    broken.abort(new ConnectError("The connection is broken off", Code.Unavailable));
  }

  #newSession(): Http2SessionManager {
    return new Http2SessionManager(`http://${this.address}`);
  }
}

/**
 * The back ends of a flood: pushes over HTTP and gRPC, questions about users and nodes, each kind in
 * an open loop of its own. Messages are marked and logged like those of connections, so that their
 * deliveries are counted the same way.
 */
import { createClient, type Transport } from "@connectrpc/connect";
import { PushService } from "../../src/gen/prim/v1/push_pb.ts";
import { transportOf } from "../harness/rpc-load.ts";
import { Marker } from "./marker.ts";
import type { Timed } from "./meters.ts";
import type { NodeAddress } from "./nodes.ts";
import { OpenLoop } from "./open-loop.ts";
import { domainCount, nodeOf, type Plan, roomName, roomsPerDomain, userOf } from "./plan.ts";
import type { Scoreboard } from "./scoreboard.ts";
import { SentLog, TARGET } from "./tally.ts";

const CALL_MS_MAX = 10_000;
/** Everybody's message on a node that holds a great many. */
const BROADCAST_MS_MAX = 60_000;
/** Calls under way of one loop; those beyond are not made and count as errors, so a dead server ends in a report. */
const UNDER_WAY_MAX = 2_000;
const POLL_MS = 5;

export interface LoopOptions {
  readonly what: Timed;
  readonly perSecond: number;
  readonly durationMs: number;
}

export class BackEnd {
  readonly sent: SentLog;
  /** A broadcast is being delivered: calls that fall into that time are timed as `inBroadcast` as well. */
  timesBroadcast = false;
  readonly #plan: Plan;
  readonly #sender: number;
  readonly #nodes: readonly NodeAddress[];
  readonly #board: Scoreboard;
  readonly #marker: Marker;
  readonly #textBytes: number;
  readonly #transports = new Map<string, Transport>();

  /** @param sender this process' number as a sender: one that no client process has. */
  constructor(options: {
    readonly plan: Plan;
    readonly sender: number;
    readonly nodes: readonly NodeAddress[];
    readonly board: Scoreboard;
    readonly textBytes: number;
  }) {
    this.#plan = options.plan;
    this.#sender = options.sender;
    this.#nodes = options.nodes;
    this.#board = options.board;
    this.#textBytes = options.textBytes;
    this.#marker = new Marker(options.plan.runId);
    this.sent = new SentLog(options.sender);
  }

  /** Calls at a set rate whatever becomes of them; resolves when the last has ended. */
  async loop(
    { what, perSecond, durationMs }: LoopOptions,
    call: (dueMs: number) => Promise<void>,
  ): Promise<void> {
    const startMs = this.#now();
    const loop = new OpenLoop(perSecond, startMs, startMs + durationMs);
    const underWay = new Set<Promise<void>>();
    const one = async (dueMs: number): Promise<void> => {
      const inBroadcast = this.timesBroadcast;
      try {
        await call(dueMs);
        const us = (this.#now() - dueMs) * 1_000;
        this.#board.time(what, us);
        if (inBroadcast || this.timesBroadcast) this.#board.time("inBroadcast", us);
      } catch (error) {
        this.#board.error(`${what}: ${error instanceof Error ? error.message.slice(0, 80) : "unknown"}`);
      }
    };
    while (loop.dueMs !== Infinity) {
      for (let due = loop.take(this.#now()); due !== undefined; due = loop.take(this.#now())) {
        if (underWay.size >= UNDER_WAY_MAX) {
          this.#board.error(`${what}: too many calls under way`);
          continue;
        }
        const running = one(due).finally(() => underWay.delete(running));
        underWay.add(running);
      }
      await Bun.sleep(POLL_MS);
    }
    await Promise.all(underWay);
  }

  /** A connection's user by chance is pushed to, over HTTP. */
  async pushHttp(dueMs: number): Promise<void> {
    const { index, number, text } = this.#pushToSomebody(dueMs);
    const id = `${this.#plan.runId}-${number}`;
    const user = userOf(this.#plan, index);
    const form =
      this.#plan.spelling === "prim"
        ? { userId: user, appPlatform: this.#plan.appPlatform, msgId: id, message: text }
        : { userID: user, appID: this.#plan.appPlatform, msgID: id, message: text };
    await this.#post(this.#nodeOf(index), "/user/sendMessage", form, CALL_MS_MAX);
    this.sent.answered(number);
  }

  async pushGrpc(dueMs: number): Promise<void> {
    const { index, number, text } = this.#pushToSomebody(dueMs);
    const client = createClient(PushService, this.#transport(this.#nodeOf(index)));
    const request = { userId: userOf(this.#plan, index), content: { type: "text", msg: text } };
    await client.sendToUser(request, { timeoutMs: CALL_MS_MAX });
    this.sent.answered(number);
  }

  /** A room by chance is written to, over gRPC. */
  async pushRoom(dueMs: number): Promise<void> {
    const room = Math.floor(Math.random() * this.#plan.rooms);
    const node = this.#nodes[Math.floor(room / roomsPerDomain(this.#plan))] as NodeAddress;
    const { number, text } = this.#message(TARGET.room, room, dueMs);
    const client = createClient(PushService, this.#transport(node));
    const request = { channel: roomName(this.#plan, room), content: { type: "text", msg: text } };
    await client.sendToRoom(request, { timeoutMs: CALL_MS_MAX });
    this.sent.answered(number);
  }

  /** One message to everybody: one call to a cluster, one to each of nodes that are on their own. */
  async broadcast(): Promise<void> {
    const dueMs = this.#now();
    const calls = Array.from({ length: domainCount(this.#plan) }, async (_, domain) => {
      const { number, text } = this.#message(TARGET.domain, domain, dueMs);
      const id = `${this.#plan.runId}-all-${number}`;
      const form =
        this.#plan.spelling === "prim"
          ? { appPlatform: 0, userId: "flood", msgId: id, message: text }
          : { appID: this.#plan.appPlatform, userID: "flood", msgID: id, message: text };
      await this.#post(this.#nodes[domain] as NodeAddress, "/user/sendMessageAll", form, BROADCAST_MS_MAX);
      this.sent.answered(number);
    });
    await Promise.all(calls);
    this.#board.time("broadcast", (this.#now() - dueMs) * 1_000);
  }

  async state(): Promise<void> {
    const node = this.#nodes[Math.floor(Math.random() * this.#nodes.length)] as NodeAddress;
    await this.#get(node, "/system/state");
  }

  /** Sessions that all nodes know of. */
  async sessions(): Promise<number> {
    const states = await Promise.all(this.#nodes.map((node) => this.#get(node, "/system/state")));
    return states.reduce((sum, state) => sum + Number(state["sessions"] ?? 0), 0);
  }

  /** @throws {Error} if a user who is connected is said not to be online. */
  async online(): Promise<void> {
    const index = Math.floor(Math.random() * this.#plan.connections);
    const user = userOf(this.#plan, index);
    const query =
      this.#plan.spelling === "prim"
        ? { userId: user, appPlatform: String(this.#plan.appPlatform) }
        : { userID: user, appID: String(this.#plan.appPlatform) };
    const data = await this.#get(this.#nodeOf(index), `/user/online?${new URLSearchParams(query)}`);
    if (data["online"] !== true) throw new Error("a user who is connected is said to be offline");
  }

  #pushToSomebody(dueMs: number): { index: number; number: number; text: string } {
    const index = Math.floor(Math.random() * this.#plan.connections);
    return { index, ...this.#message(TARGET.user, index, dueMs) };
  }

  #message(target: 0 | 2 | 3, to: number, dueMs: number): { number: number; text: string } {
    if (this.sent.full) throw new Error("too many messages");
    const number = this.sent.add(target, to, 0xffffffff);
    const dueUs = Math.round(dueMs * 1_000);
    return { number, text: this.#marker.text({ sender: this.#sender, number, dueUs }, this.#textBytes) };
  }

  /** In a cluster any node will do; the others know only their own users. */
  #nodeOf(index: number): NodeAddress {
    return this.#nodes[nodeOf(this.#plan, index)] as NodeAddress;
  }

  #transport({ rpcUrl }: NodeAddress): Transport {
    let transport = this.#transports.get(rpcUrl);
    if (transport === undefined) {
      transport = transportOf("grpc-h2c", { httpUrl: "", rpcUrl });
      this.#transports.set(rpcUrl, transport);
    }
    return transport;
  }

  async #post(
    { httpUrl }: NodeAddress,
    path: string,
    form: Readonly<Record<string, string | number>>,
    msMax: number,
  ): Promise<void> {
    const body = new URLSearchParams(Object.entries(form).map(([key, value]) => [key, String(value)]));
    await read(await fetch(httpUrl + path, { method: "POST", body, signal: AbortSignal.timeout(msMax) }));
  }

  async #get({ httpUrl }: NodeAddress, path: string): Promise<Record<string, unknown>> {
    return await read(await fetch(httpUrl + path, { signal: AbortSignal.timeout(CALL_MS_MAX) }));
  }

  #now(): number {
    return performance.timeOrigin + performance.now() - this.#plan.originMs;
  }
}

async function read(response: Response): Promise<Record<string, unknown>> {
  const { code, data } = (await response.json()) as { code?: number; data?: Record<string, unknown> };
  if (code !== 200) throw new Error(`answered with code ${code ?? response.status}`);
  return data ?? {};
}

/**
 * RedisStore: the channel logs of a cluster of nodes, in Redis.
 *
 * What is answered is in Redis, and as safe as Redis keeps it: with `appendfsync always` on its disk, with `everysec` the
 * last second or two may be lost with its process or machine, with a replica that takes over what had not been copied. channel-keys.ts says how
 * a channel lies there.
 */
import type { Cancel, Clock } from "../../base/clock.ts";
import { assert } from "../../base/errors.ts";
import type { ChannelId, Epoch, MessageId, NodeId, UserId } from "../../base/ids.ts";
import { CHANNEL_FORGET_LAG_MS, MSG_ID_WINDOW_MS } from "../../base/limits.ts";
import type { Appended, AppendRequest, HistoryPage, HistoryRange, Store } from "../../core/channel-log.ts";
import type { Draft, Message, Position } from "../../core/message.ts";
import { checkRange, type HistoryBounds, windowOf } from "../history-window.ts";
import { storeFailed } from "./call-gate.ts";
import { type ChannelKeys, channelKeys } from "./channel-keys.ts";
import { frugalTurnScript, headsScript, readScript, turnScript } from "./channel-scripts.ts";
import { EpochCandidate } from "./epoch-candidate.ts";
import type { RedisConnection } from "./redis-connection.ts";
import type { RedisScript } from "./redis-script.ts";
import { sendKeyOf } from "./send-key.ts";
import { type Operation, TurnQueue } from "./turn-queue.ts";

export interface RedisStoreOptions extends HistoryBounds {
  /** Stays open when the store is closed: others use it too. */
  readonly connection: RedisConnection;
  /** This node, which is never among the nodes that are answered. */
  readonly nodeId: NodeId;
  /** Times of messages; must be about the same on all nodes. */
  readonly clock: Clock;
}

export class RedisStore implements Store {
  readonly #connection: RedisConnection;
  readonly #nodeId: NodeId;
  readonly #clock: Clock;
  readonly #bounds: HistoryBounds;
  #lastEpoch = "" as Epoch;
  readonly #candidate: EpochCandidate;
  readonly #queue: TurnQueue;
  readonly #stopListening: Cancel;
  #isClosed = false;

  constructor({ connection, nodeId, clock, countMax, ageMs }: RedisStoreOptions) {
    assert(countMax >= 0 && ageMs >= 0, "history bounds are 0 or more");
    this.#connection = connection;
    this.#nodeId = nodeId;
    this.#clock = clock;
    this.#bounds = { countMax, ageMs };
    const candidate = new EpochCandidate(clock, ageMs + CHANNEL_FORGET_LAG_MS);
    this.#candidate = candidate;
    this.#stopListening = connection.onLost(() => candidate.renew());
    this.#queue = new TurnQueue({
      send: (operations) => this.#send(operations),
      perChannel: connection.isCluster,
      waitMsMax: connection.callTimeoutMs,
      clock,
    });
  }

  async append({ channel, draft, windowMs }: AppendRequest): Promise<Appended> {
    assert(windowMs <= MSG_ID_WINDOW_MS, "sends are remembered for MSG_ID_WINDOW_MS at most");
    const send = windowMs > 0 && draft.seq !== "" ? sendKeyOf(draft) : "";
    const args = ["append", send, String(windowMs), draft.id, JSON.stringify(draft)];
    const { head, log, nodes: interested, marks, sent } = this.#keysOf(channel);
    const reply = await this.#write(channel, [head, log, interested, marks, ...sent], args);
    const [epoch, offset, sentAt, id, repeated, ...nodes] = reply as AppendReply;
    return { receipt: { channel, epoch, offset, id, sentAt }, repeated: repeated === 1, nodes };
  }

  async join(channel: ChannelId): Promise<Position> {
    const { head, nodes } = this.#keysOf(channel);
    const [epoch, offset] = (await this.#write(channel, [head, nodes], ["join"])) as [Epoch, number];
    // Most channels share an epoch. Each that is open keeps this one, so it is kept once and not for each.
    if (epoch !== this.#lastEpoch) this.#lastEpoch = epoch;
    return { epoch: this.#lastEpoch, offset };
  }

  async heads(channels: readonly ChannelId[]): Promise<readonly (Position | undefined)[]> {
    this.#assertOpen();
    const connection = this.#connection;
    const keys = channels.map((channel) => this.#keysOf(channel).head);
    if (keys.length === 0) return [];
    // One call for keys of many slots is none that Redis Cluster takes.
    const texts = connection.isCluster
      ? await Promise.all(keys.map((key) => connection.command("GET", key)))
      : ((await connection.evaluate(headsScript, keys)) as unknown[]);
    return texts.map(headOf);
  }

  async leave(channel: ChannelId): Promise<void> {
    await this.#write(channel, [this.#keysOf(channel).nodes], ["leave"], true);
  }

  async interested(channel: ChannelId): Promise<readonly NodeId[]> {
    this.#assertOpen();
    const nodes = (await this.#connection.command("HKEYS", this.#keysOf(channel).nodes)) as NodeId[];
    return nodes.filter((node) => node !== this.#nodeId);
  }

  async read(channel: ChannelId, range: HistoryRange): Promise<HistoryPage> {
    checkRange(range);
    this.#assertOpen();
    const [direction, offset] = "after" in range ? ["after", range.after] : ["before", range.before ?? ""];
    const { head, log } = this.#keysOf(channel);
    const args = () => [...this.#commonArgs(), direction, String(offset), String(range.limit)];
    const reply = await this.#connection.evaluate(readScript, [head, log], args);
    const [epoch, newest, oldest, entries] = reply as ReadReply;
    const { more } = windowOf(range, oldest, newest);
    const messages = entries.map((entry) => messageOf(channel, epoch, entry));
    return { head: { epoch, offset: newest }, messages, more };
  }

  async mark(channel: ChannelId, userId: UserId, { epoch, offset }: Position): Promise<number> {
    const { head, marks } = this.#keysOf(channel);
    const before = await this.#write(channel, [head, marks], ["mark", userId, epoch, String(offset)]);
    return Number(before);
  }

  async marked(channel: ChannelId, userId: UserId, epoch: Epoch): Promise<number> {
    this.#assertOpen();
    const mark = await this.#connection.command("HGET", this.#keysOf(channel).marks, userId);
    const [offset, ofEpoch] = String(mark ?? "").split(" ");
    return ofEpoch === epoch ? Number(offset) : 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    await this.#queue.idle();
  }

  async #write(
    channel: ChannelId,
    keys: readonly string[],
    args: readonly string[],
    isFrugal = false,
  ): Promise<unknown> {
    this.#assertOpen();
    return this.#queue.add({ channel, keys, args, isFrugal });
  }

  async #send(operations: readonly Operation[]): Promise<readonly unknown[]> {
    try {
      return await this.#evaluate(turnScript, operations);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes("OOM ")) throw error;
      // Redis has no memory left, and has done nothing: what only gives some back may still be done.
      const frugal = operations.filter(({ isFrugal }) => isFrugal);
      const replies = frugal.length === 0 ? [] : await this.#evaluate(frugalTurnScript, frugal);
      return operations.map((operation) => (operation.isFrugal ? replies[frugal.indexOf(operation)] : error));
    }
  }

  async #evaluate(script: RedisScript, operations: readonly Operation[]): Promise<readonly unknown[]> {
    const keys = operations.flatMap((operation) => operation.keys);
    const args = () => [...this.#commonArgs(), ...operations.flatMap((operation) => operation.args)];
    return (await this.#connection.evaluate(script, keys, args)) as unknown[];
  }

  /** As they are when the script is sent: a call that has waited for a lost connection must not bring the old epoch back. */
  #commonArgs(): string[] {
    const { countMax, ageMs } = this.#bounds;
    const now = this.#clock.now();
    return [this.#nodeId, this.#candidate.current, String(now), String(countMax), String(ageMs)];
  }

  #keysOf(channel: ChannelId): ChannelKeys {
    return channelKeys(this.#connection.keyPrefix, channel);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw storeFailed("Cannot use the store: it is closed");
  }
}

type AppendReply = [
  epoch: Epoch,
  offset: number,
  sentAt: number,
  id: MessageId,
  repeated: number,
  ...nodes: NodeId[],
];
type Entry = [id: string, fields: [name: string, draft: string]];
type ReadReply = [epoch: Epoch, head: number, oldest: number, entries: Entry[]];

/** A head as the scripts have written it (channel-keys.ts). */
function headOf(text: unknown): Position | undefined {
  if (text === null) return undefined;
  const [epoch, offset] = String(text).split(" ");
  return { epoch: epoch as Epoch, offset: Number(offset) };
}

function messageOf(channel: ChannelId, epoch: Epoch, [id, [, draftJson]]: Entry): Message {
  const draft: Draft = JSON.parse(draftJson);
  const [offset, sentAt] = id.split("-");
  return { ...draft, channel, epoch, offset: Number(offset), sentAt: Number(sentAt) };
}

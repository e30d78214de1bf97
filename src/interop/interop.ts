/**
 * Interop: this node beside nodes of the reference system, over one Redis, for the time in which an operator replaces
 * these one by one.
 *
 * It joins the parts: the list of servers, the users' records, what is told and asked across, and what is heard from there.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import type { AppPlatform, UserId } from "../base/ids.ts";
import {
  REFERENCE_STOP_MS_MAX,
  REFERENCE_SUBMITTED_SECONDS,
  REFERENCE_TOLD_SECONDS,
} from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { Hub } from "../core/hub.ts";
import type { PresencePush } from "../core/pushes.ts";
import type { Signaller } from "../core/signaller.ts";
import { Bridge } from "./bridge.ts";
import { OldNodes } from "./old-nodes.ts";
import { OnlineRecords } from "./online-records.ts";
import { ownAddress } from "./own-address.ts";
import type { RedisPort } from "./redis-port.ts";
import { ServerList } from "./server-list.ts";

export interface InteropParts {
  readonly redis: RedisPort;
  /** What prim's own keys begin with. */
  readonly keyPrefix: string;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Logger;
  readonly platforms: readonly AppPlatform[];
  /** To all nodes of prim. */
  readonly signaller: Pick<Signaller, "signal">;
  /**
   * Whether a user is online on a node of prim.
   *
   * @throws {PrimError} `unavailable`.
   */
  readonly isOnlineInPrim: (userId: UserId, appPlatform: AppPlatform) => Promise<boolean>;
}

/** What a prim puts where a node of the reference system puts "1". */
const TAKEN_BY_PRIM = "prim";

export class Interop {
  readonly bridge: Bridge;
  readonly #parts: InteropParts;
  readonly #servers: ServerList;
  readonly #records: OnlineRecords;
  readonly #oldNodes: OldNodes;
  #stopListening: Cancel | undefined;

  constructor(parts: InteropParts) {
    const { redis, keyPrefix, hub, clock, log, platforms } = parts;
    this.#parts = parts;
    this.#servers = new ServerList({ redis, keyPrefix, clock, log });
    const addresses = () => this.#servers.oldNodes();
    this.#oldNodes = new OldNodes({ clock, log, addresses });
    this.#records = new OnlineRecords({
      redis,
      hub,
      clock,
      log,
      oldNodes: addresses,
      isElsewhere: ({ userId, appPlatform }) => parts.isOnlineInPrim(userId, appPlatform),
    });
    this.bridge = new Bridge({ redis, oldNodes: this.#oldNodes, platforms, clock, log });
    hub.observe(this.#records);
  }

  /**
   * Shows this node to the others, when it listens.
   *
   * @param advertised host:port at which other nodes reach the RPC port.
   * @throws {PrimError} `failed_precondition` if that is no IPv4 address and leads to none.
   */
  async start(advertised: string): Promise<void> {
    const address = await ownAddress(advertised);
    this.#records.start(address);
    this.#stopListening = this.#parts.redis.onBack(() => {
      void this.#servers.renew();
      void this.#records.sweep();
    });
    await this.#servers.register(address);
    this.#parts.log.info("beside the reference system", { address });
  }

  /** Takes this node off the list of servers: it takes no more messages. Repeating it is safe. */
  leave(): Promise<void> {
    return this.#servers.unregister();
  }

  /** When the sessions are gone: writes that, and waits for what is on its way, both within REFERENCE_STOP_MS_MAX. */
  async stop(): Promise<void> {
    await this.leave();
    this.#stopListening?.();
    const late = new Promise<void>((resolve) => this.#parts.clock.after(REFERENCE_STOP_MS_MAX, resolve));
    await Promise.race([Promise.all([this.#records.stop(), this.bridge.settled()]), late]);
    await this.#oldNodes.close();
  }

  /**
   * An old node says that a user came or went. Each node of prim is told, so the first of them tells the others' users too;
   * users who are on prim as well did neither.
   *
   * @param seq the same in each of the old node's calls.
   * @throws {PrimError} `unavailable`.
   */
  async hear(push: PresencePush, seq: string): Promise<void> {
    const { redis, keyPrefix, signaller, isOnlineInPrim } = this.#parts;
    if (push.kind === "exit") this.#records.contradict({ userId: push.from, appPlatform: push.appPlatform });
    if (await isOnlineInPrim(push.from, push.appPlatform)) return;
    if (seq !== "") {
      const key = `${keyPrefix}interop:told:${push.kind}:${push.appPlatform}_${push.from}:${seq}`;
      if ((await redis.command("SET", key, 1, "EX", REFERENCE_TOLD_SECONDS, "NX")) === null) return;
    }
    signaller.signal(push.channel, push);
  }

  /**
   * Notes that a back end's message was taken here, for the old nodes to know.
   *
   * @returns false if an old node has taken it: then it is a repeat. Prim's own repeats are known to its log.
   * @throws {PrimError} `unavailable`; asking again is safe.
   */
  async isNewSubmission(msgId: string): Promise<boolean> {
    const { redis } = this.#parts;
    const key = `acc:submit:again:seq:${msgId}`;
    const set = await redis.command("SET", key, TAKEN_BY_PRIM, "EX", REFERENCE_SUBMITTED_SECONDS, "NX");
    if (set !== null) return true;
    const taker = await redis.command("GET", key);
    return taker === null || taker === TAKEN_BY_PRIM;
  }
}

/**
 * Bridge: what prim tells the reference system's nodes, and asks of them.
 *
 * It overhears what is stored and announced on prim's side, each once in the whole cluster, and hands it on. What comes from
 * an old node takes a way that is not overheard, so nothing goes back to where it came from.
 */
import type { Clock } from "../base/clock.ts";
import { type AppPlatform, type ChannelId, type NodeId, newMessageId, type UserId } from "../base/ids.ts";
import { OLD_NODES_TELLING_MAX } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import type { Attendee } from "../core/attendance.ts";
import { BROADCAST, platformRoom } from "../core/channel.ts";
import type { Appended } from "../core/channel-log.ts";
import type { Gathered, Neighbours } from "../core/directory.ts";
import type { Draft } from "../core/message.ts";
import type { MessageSender } from "../core/publisher.ts";
import type { PresencePush, Push } from "../core/pushes.ts";
import type { PlatformListQuery } from "../core/roster.ts";
import type { PlacedSignaller } from "../core/signaller.ts";
import { parseUserId } from "../core/user.ts";
import type { OldNode } from "./old-node.ts";
import type { OldNodes } from "./old-nodes.ts";
import { isYoung, parseRecord, recordKey, toSeconds } from "./online-record.ts";
import type { RedisPort } from "./redis-port.ts";

export interface BridgeParts {
  readonly redis: RedisPort;
  readonly oldNodes: OldNodes;
  readonly platforms: readonly AppPlatform[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the reference system calls a message. */
interface Said {
  readonly seq: string;
  readonly cms: "msg" | "enter" | "exit";
  readonly type: string;
  readonly msg: string;
}

/** The words of the reference system's page. */
const WORDS = { enter: "哈喽~", exit: "用户已经离开~" };
const SUCCESS = 200;

export class Bridge implements Neighbours {
  readonly #parts: BridgeParts;
  readonly #platformByRoom: ReadonlyMap<ChannelId, AppPlatform>;
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: BridgeParts) {
    this.#parts = parts;
    this.#platformByRoom = new Map(parts.platforms.map((platform) => [platformRoom(platform), platform]));
  }

  /** @returns a sender that does the same, and what it stores reaches the old nodes' users too. */
  overhear(sender: MessageSender): MessageSender {
    return {
      publish: async (channel, draft, windowMs) => {
        const appended = await sender.publish(channel, draft, windowMs);
        const platforms = this.#platformsOf(channel);
        if (!appended.repeated && platforms.length > 0) {
          this.#begin(() => this.#tellAll(platforms, draft.from, saidOf(draft, appended)));
        }
        return appended;
      },
      publishToUser: async (to, draft, windowMs, own) => {
        const appended = await sender.publishToUser(to, draft, windowMs, own);
        if (!appended.repeated) this.#begin(() => this.#tellUser(to, saidOf(draft, appended)));
        return appended;
      },
    };
  }

  /** @returns a signaller that does the same, and tells the old nodes who comes to a platform's room and who goes. */
  overhearPresence(signaller: PlacedSignaller): PlacedSignaller {
    const pass = (channel: ChannelId, push: Push) => {
      const platforms = this.#platformsOf(channel);
      if (platforms.length > 0 && isPresence(push)) {
        const said = { seq: newMessageId(), cms: push.kind, type: "text", msg: WORDS[push.kind] };
        this.#begin(() => this.#tellAll(platforms, push.from, said));
      }
    };
    return {
      signalHere: (channel, push) => {
        signaller.signalHere(channel, push);
        pass(channel, push);
      },
      signalTo: (nodes, channel, push) => {
        signaller.signalTo(nodes, channel, push);
        pass(channel, push);
      },
    };
  }

  async isOnline(userId: UserId, appPlatform: AppPlatform | undefined): Promise<boolean> {
    return (await this.#placesOf(userId, appPlatform)).length > 0;
  }

  async listUsers({
    appPlatform,
    room,
  }: Pick<PlatformListQuery, "appPlatform" | "room">): Promise<Gathered<readonly Attendee[]>> {
    const platforms = (room === undefined ? this.#parts.platforms : this.#platformsOf(room)).filter(
      (platform) => appPlatform === undefined || platform === appPlatform,
    );
    const silent = new Set<NodeId>();
    const answers: Attendee[][] = [];
    const nodes = platforms.length === 0 ? [] : await this.#parts.oldNodes.living();
    await Promise.all(
      nodes.map(async (node) => {
        const lists = await Promise.all(platforms.map((platform) => usersOf(node, platform)));
        if (lists.includes(undefined)) silent.add(node.address as NodeId);
        answers.push(lists.flatMap((list) => list ?? []));
      }),
    );
    return { answers, silent: [...silent] };
  }

  /** Resolves when what was overheard until now has been handed to the old nodes' queues. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #begin(tell: () => Promise<void>): void {
    if (this.#underWay.size >= OLD_NODES_TELLING_MAX) return;
    const noted = tell()
      .catch((error: unknown) => this.#parts.log.warn("old nodes not told", { error }))
      .finally(() => this.#underWay.delete(noted));
    this.#underWay.add(noted);
  }

  async #tellAll(platforms: readonly AppPlatform[], userID: UserId, said: Said): Promise<void> {
    for (const node of await this.#parts.oldNodes.living()) {
      for (const appID of platforms) {
        node.post({
          lane: `room:${appID}`,
          chars: said.msg.length,
          call: (client, options) => client.sendMsgAll({ ...said, appID, userID }, options),
        });
      }
    }
  }

  async #tellUser(userID: UserId, said: Said): Promise<void> {
    for (const { node, appID } of await this.#placesOf(userID, undefined)) {
      node.post({
        lane: userID,
        chars: said.msg.length,
        // With isLocal the reference system refuses.
        call: (client, options) => client.sendMsg({ ...said, appID, userID, isLocal: false }, options),
      });
    }
  }

  /** On which living old nodes a user is; it asks nobody where there is none. It never fails. */
  async #placesOf(
    userId: UserId,
    appPlatform: AppPlatform | undefined,
  ): Promise<readonly { readonly node: OldNode; readonly appID: AppPlatform }[]> {
    const { redis, oldNodes, platforms, clock, log } = this.#parts;
    const nodes = new Map((await oldNodes.living()).map((node) => [node.address, node]));
    if (nodes.size === 0) return [];
    const asked = platforms.filter((platform) => appPlatform === undefined || platform === appPlatform);
    try {
      const texts = await Promise.all(
        asked.map((platform) => redis.command("GET", recordKey(platform, userId))),
      );
      const now = toSeconds(clock.now());
      return texts.flatMap((text, index) => {
        const record = typeof text === "string" ? parseRecord(text) : undefined;
        const appID = asked[index];
        const node = record !== undefined && isYoung(record, now) ? nodes.get(record.address) : undefined;
        return node === undefined || appID === undefined ? [] : [{ node, appID }];
      });
    } catch (error) {
      log.warn("online record not read", { userId, error });
      return [];
    }
  }

  #platformsOf(channel: ChannelId): readonly AppPlatform[] {
    if (channel === BROADCAST) return this.#parts.platforms;
    const platform = this.#platformByRoom.get(channel);
    return platform === undefined ? [] : [platform];
  }
}

function isPresence(push: Push): push is PresencePush {
  return push.kind === "enter" || push.kind === "exit";
}

/** Of a file the reference system's clients get the caption, or where it lies. */
function saidOf({ seq, type, msg, media }: Draft, { receipt }: Appended): Said {
  return { seq: seq === "" ? receipt.id : seq, cms: "msg", type, msg: msg === "" ? (media?.url ?? "") : msg };
}

/** @returns undefined if the node did not answer. */
async function usersOf(node: OldNode, appPlatform: AppPlatform): Promise<Attendee[] | undefined> {
  const answer = await node.ask((client, options) => client.getUserList({ appID: appPlatform }, options));
  if (answer === undefined || answer.retCode !== SUCCESS) return undefined;
  return [...new Set(answer.userID)].flatMap((userId) => {
    try {
      return [{ userId: parseUserId(userId), appPlatform }];
    } catch {
      return []; // A name that prim has no user for.
    }
  });
}

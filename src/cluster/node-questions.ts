/**
 * NodeQuestions: what the directory asks other nodes, as calls of NodeService.
 */
import type { AppPlatform, NodeId, UserId } from "../base/ids.ts";
import { PEER_ANSWER_MS_MAX, USER_LIST_PAGE_MAX } from "../base/limits.ts";
import type { Gathered, PeerQuestions } from "../core/directory.ts";
import type { KickCommand } from "../core/kick.ts";
import type {
  ListedUser,
  PlatformListQuery,
  UserListQuery,
  UserPage,
  UserPageOfPlatforms,
} from "../core/roster.ts";
import type { User } from "../gen/prim/v1/user_pb.ts";
import type { Answers, PeerCalls } from "./peer-calls.ts";

export class NodeQuestions implements PeerQuestions {
  readonly #calls: PeerCalls;

  constructor(calls: PeerCalls) {
    this.#calls = calls;
  }

  async isOnline(nodes: readonly NodeId[], userId: UserId, appPlatform: AppPlatform | undefined) {
    const user = { userId, appPlatform: appPlatform ?? 0 };
    const answers = await this.#calls.askAll(
      nodes,
      (client, options) => client.isOnline({ user }, options),
      PEER_ANSWER_MS_MAX,
    );
    return gather(answers, ({ online }) => online);
  }

  async listUsers(query: UserListQuery): Promise<Gathered<UserPage>> {
    const request = { ...common(query), afterUserId: query.after ?? "" };
    const answers = await this.#calls.askOthers(
      (client, options) => client.listUsers(request, options),
      PEER_ANSWER_MS_MAX,
    );
    return gather(answers, (answer) => {
      const users = answer.users.map((user) => user.userId as UserId);
      return { users, total: Number(answer.total), next: answer.more ? users.at(-1) : undefined };
    });
  }

  async listByPlatform(query: PlatformListQuery): Promise<Gathered<UserPageOfPlatforms>> {
    const { after } = query;
    const place = { afterUserId: after?.userId ?? "", afterAppPlatform: after?.appPlatform ?? 0 };
    const request = { ...common(query), ...place, byPlatform: true };
    const answers = await this.#calls.askOthers(
      (client, options) => client.listUsers(request, options),
      PEER_ANSWER_MS_MAX,
    );
    return gather(answers, (answer) => ({
      users: answer.users.map(toListed),
      total: Number(answer.total),
      more: answer.more,
    }));
  }

  async kick(nodes: readonly NodeId[], command: KickCommand): Promise<Gathered<number>> {
    const { userId, appPlatform, sessionId, text } = command;
    const request = { user: { userId, appPlatform: appPlatform ?? 0 }, sessionId: sessionId ?? "", text };
    const answers = await this.#calls.askAll(
      nodes,
      (client, options) => client.kick(request, options),
      PEER_ANSWER_MS_MAX,
    );
    return gather(answers, ({ sessions }) => sessions);
  }
}

function common({ appPlatform, room, limit }: Pick<UserListQuery, "appPlatform" | "room" | "limit">) {
  return {
    appPlatform: appPlatform ?? 0,
    room: room ?? "",
    limit: Math.min(limit ?? USER_LIST_PAGE_MAX, USER_LIST_PAGE_MAX),
  };
}

function gather<T, A>({ answers, silent }: Answers<T>, read: (answer: T) => A): Gathered<A> {
  return { answers: answers.map(({ answer }) => read(answer)), silent };
}

function toListed({ userId, appPlatform, nickname, avatar }: User): ListedUser {
  const profile = { nickname: nickname || undefined, avatar: avatar || undefined };
  return { userId: userId as UserId, appPlatform: appPlatform as AppPlatform, ...profile };
}

/**
 * Pages of users: how PushService and ChatService ask the core for them and answer.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AppPlatform, ChannelId, UserId } from "../../base/ids.ts";
import type { ListedUser } from "../../core/roster.ts";
import type { ServerApi } from "../../core/server-api.ts";
import type { UserSchema } from "../../gen/prim/v1/user_pb.ts";
import { decodePageToken, encodePageToken, userPlace } from "./page-token.ts";

const PAGE_SIZE_DEFAULT = 100;

interface UserPageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** @throws {PrimError} `invalid_argument` if the token is none. */
export async function userPage(
  api: ServerApi,
  { pageSize, pageToken }: UserPageRequest,
  list: { readonly appPlatform?: AppPlatform | undefined; readonly room?: ChannelId | undefined },
) {
  const place = decodePageToken(pageToken, userPlace);
  const after = place && { userId: place[0] as UserId, appPlatform: place[1] as AppPlatform };
  const { value: page, silent } = await api.directory.listByPlatform({
    ...list,
    after,
    limit: pageSize || PAGE_SIZE_DEFAULT,
  });
  const last = page.users.at(-1);
  return {
    users: page.users.map(userInit),
    nextPageToken: encodePageToken(page.more && last ? [last.userId, last.appPlatform] : undefined),
    totalCount: BigInt(page.total),
    silentNodes: [...silent],
  };
}

function userInit({
  userId,
  appPlatform,
  nickname,
  avatar,
}: ListedUser): MessageInitShape<typeof UserSchema> {
  return { userId, appPlatform, nickname: nickname ?? "", avatar: avatar ?? "" };
}

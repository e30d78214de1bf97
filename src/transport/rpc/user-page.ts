/**
 * Pages of users: how PushService and ChatService ask the core for them and answer.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AppPlatform, ChannelId, UserId } from "../../base/ids.ts";
import type { ServerApi } from "../../core/server-api.ts";
import type { User } from "../../core/user.ts";
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
  const page = await api.listByPlatform({ ...list, after, limit: pageSize || PAGE_SIZE_DEFAULT });
  const last = page.users.at(-1);
  return {
    users: page.users.map(userInit),
    nextPageToken: encodePageToken(page.more && last ? [last.userId, last.appPlatform] : undefined),
    totalCount: BigInt(page.total),
  };
}

/** With the profile that the newest session came with. */
function userInit({ userId, appPlatform, sessions }: User): MessageInitShape<typeof UserSchema> {
  const profile = sessions.at(-1)?.profile;
  return { userId, appPlatform, nickname: profile?.nickname ?? "", avatar: profile?.avatar ?? "" };
}

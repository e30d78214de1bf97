/**
 * `/user/*`: what back ends ask over HTTP. Who is online, and push this to them.
 */
import { Hono } from "hono";
import type { AppPlatform, NodeId, UserId } from "../../base/ids.ts";
import { BROADCAST, platformRoom } from "../../core/channel.ts";
import type { Appended } from "../../core/channel-log.ts";
import type { Mail, ServerApi } from "../../core/server-api.ts";
import { parseUserId, SYSTEM_USER } from "../../core/user.ts";
import { contentOf } from "../../protocol/content.ts";
import { illegal } from "../../protocol/shapes.ts";
import { success } from "./answer.ts";
import {
  bodyFields,
  listShape,
  type MailFields,
  mailShape,
  onlineShape,
  optionalChannel,
  optionalUserId,
  pageLimit,
  queryFields,
} from "./fields.ts";

/**
 * Asked about the msgId of a back end of the reference system: false if a node of that system has taken it already.
 *
 * @throws {PrimError} `unavailable`.
 */
export type IsNewSubmission = (msgId: string) => Promise<boolean>;

export function userRoutes(
  api: ServerApi,
  platforms: ReadonlySet<AppPlatform>,
  isNewSubmission: IsNewSubmission = async () => true,
): Hono {
  const routes = new Hono();

  function checkPlatform(appPlatform: AppPlatform | undefined): void {
    if (appPlatform === undefined || platforms.has(appPlatform)) return;
    throw illegal(`"appPlatform" must be one of ${[...platforms].join(", ")}, or 0 for any`);
  }

  async function isTakenElsewhere({ msgId }: MailFields, isReference: boolean): Promise<boolean> {
    return isReference && msgId !== "" && !(await isNewSubmission(msgId));
  }

  routes.get("/list", async (context) => {
    const { appPlatform, room, after, limit } = queryFields(context, listShape).values;
    checkPlatform(appPlatform);
    const { value: page, silent } = await api.directory.listUsers({
      appPlatform,
      room: optionalChannel(room),
      after: optionalUserId(after),
      limit: pageLimit(limit),
    });
    return success(context, {
      userList: page.users,
      userCount: page.total,
      next: page.next,
      ...missing(silent),
    });
  });

  routes.get("/online", async (context) => {
    const { values, isReference } = queryFields(context, onlineShape);
    checkPlatform(values.appPlatform);
    const userId = parseUserId(values.userId);
    const { value: online, silent } = await api.directory.isOnline(userId, values.appPlatform);
    const answer = { online, ...missing(silent) };
    return success(context, isReference ? { userID: userId, ...answer } : { userId, ...answer });
  });

  routes.post("/sendMessage", async (context) => {
    const { values, isReference } = await bodyFields(context, mailShape);
    checkPlatform(values.appPlatform);
    const userId = parseUserId(values.userId);
    if (await isTakenElsewhere(values, isReference)) return success(context, {});
    // The reference system shows the recipient's own name as the sender of a push.
    const from = optionalUserId(values.from) ?? (isReference ? userId : SYSTEM_USER);
    return success(context, sent(await api.sendToUser(userId, mailOf(values, from)), isReference));
  });

  routes.post("/sendMessageAll", async (context) => {
    const { values, isReference } = await bodyFields(context, mailShape);
    const { appPlatform } = values;
    checkPlatform(appPlatform);
    const from = optionalUserId(values.from) ?? optionalUserId(values.userId) ?? SYSTEM_USER;
    if (await isTakenElsewhere(values, isReference)) return success(context, {});
    const channel = appPlatform === undefined ? BROADCAST : platformRoom(appPlatform);
    const mail = { ...mailOf(values, from), appPlatform };
    return success(context, sent(await api.sendToChannel(channel, mail), isReference));
  });

  return routes;
}

/** The reference system calls the text `message`; prim takes `msg` as well. */
function mailOf(fields: MailFields, from: UserId): Mail {
  const content = contentOf({ ...fields, msg: fields.message ?? fields.msg });
  return { content, from, msgId: fields.msgId };
}

/** Says which nodes did not answer, if there are any. */
function missing(silent: readonly NodeId[]): object {
  return silent.length === 0 ? {} : { silentNodes: silent };
}

function sent({ receipt, repeated }: Appended, isReference: boolean): object {
  if (isReference) return repeated ? {} : { sendResults: true };
  return { sendResults: true, repeated, ...receipt };
}

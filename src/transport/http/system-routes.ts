/**
 * `/system/state`: the node in numbers; with `isDebug=true` also in lists. The reference system's keys come
 * first, so that what reads them goes on working.
 */
import { Hono } from "hono";
import type { NodeStateReporter, SessionEntry } from "../../core/node-state.ts";
import { success } from "./answer.ts";

export function systemRoutes(reporter: NodeStateReporter): Hono {
  const routes = new Hono();
  routes.get("/state", (context) => {
    const state = reporter.state();
    const isDebug = context.req.query("isDebug") === "true";
    const data = {
      numCPU: state.cpuCount,
      numGoroutine: 0,
      managerInfo: managerInfo(reporter, isDebug),
      ...state,
    };
    if (!isDebug) return success(context, data);
    return success(context, { ...data, sessionList: reporter.sessions(), roomList: reporter.rooms() });
  });
  return routes;
}

/** What the reference system's connection manager says of itself; the queues it counts don't exist here. */
function managerInfo(reporter: NodeStateReporter, isDebug: boolean): object {
  const { connections, users } = reporter.state();
  const info = {
    clientsLen: connections,
    usersLen: users,
    chanRegisterLen: 0,
    chanLoginLen: 0,
    chanUnregisterLen: 0,
    chanBroadcastLen: 0,
  };
  if (!isDebug) return info;
  const sessions = reporter.sessions();
  return {
    ...info,
    clients: sessions.map((session) => session.remoteAddress),
    users: users > 0 ? userKeys(sessions) : [],
  };
}

/** `<appPlatform>_<userId>`, each once. */
function userKeys(sessions: readonly SessionEntry[]): string[] {
  const keys = sessions.flatMap(({ appPlatform, userId }) =>
    userId === undefined ? [] : [`${appPlatform}_${userId}`],
  );
  return [...new Set(keys)];
}

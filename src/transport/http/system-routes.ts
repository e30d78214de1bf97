/**
 * `/system/state`: the machine in numbers; with `isDebug=true` also in lists. The reference system's keys come
 * first, so that what reads them goes on working.
 */
import { Hono } from "hono";
import type { MachineReport } from "../../core/machine-state.ts";
import type { SessionEntry } from "../../core/node-state.ts";
import { success } from "./answer.ts";

/** @param report with its lists, if they are asked for. */
export function systemRoutes(report: (lists: boolean) => Promise<MachineReport>): Hono {
  const routes = new Hono();
  routes.get("/state", async (context) => {
    const isDebug = context.req.query("isDebug") === "true";
    const machine = await report(isDebug);
    const { state, sessions, rooms } = machine;
    const data = {
      numCPU: state.cpuCount,
      numGoroutine: 0,
      managerInfo: managerInfo(machine, isDebug),
      ...state,
    };
    return success(context, isDebug ? { ...data, sessionList: sessions, roomList: rooms } : data);
  });
  return routes;
}

/** What the reference system's connection manager says of itself; the queues it counts don't exist here. */
function managerInfo({ state, sessions }: MachineReport, isDebug: boolean): object {
  const info = {
    clientsLen: state.connections,
    usersLen: state.users,
    chanRegisterLen: 0,
    chanLoginLen: 0,
    chanUnregisterLen: 0,
    chanBroadcastLen: 0,
  };
  if (!isDebug) return info;
  return {
    ...info,
    clients: sessions.map((session) => session.remoteAddress),
    users: userKeys(sessions),
  };
}

/** `<appPlatform>_<userId>`, each once. */
function userKeys(sessions: readonly SessionEntry[]): string[] {
  const keys = sessions.flatMap(({ appPlatform, userId }) =>
    userId === undefined ? [] : [`${appPlatform}_${userId}`],
  );
  return [...new Set(keys)];
}

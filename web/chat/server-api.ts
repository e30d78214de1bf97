/**
 * What the page asks over HTTP because the SDK has no call for it: its settings, who is in a room, who is online.
 */
import type { People } from "./roster.ts";

export interface Settings {
  /** Empty: the page's own origin. */
  readonly webSocketUrl: string;
  /** True if anyone may log in with any name. */
  readonly guest: boolean;
  readonly platforms: readonly number[];
}

export interface ServerApi {
  /** @throws {Error} if the server is away, as all of these. */
  settings(): Promise<Settings>;
  /** The first page of the list: more people than anyone reads. */
  people(room: string): Promise<People>;
  isOnline(userId: string): Promise<boolean>;
}

/** What is shown; the rest is counted. */
const PEOPLE_MAX = 500;
const ANSWER_MS_MAX = 10_000;

export const serverApi: ServerApi = {
  async settings() {
    return (await get("/home/settings", {})) as Settings;
  },

  async people(room) {
    const { userList, userCount } = (await get("/user/list", { room, limit: String(PEOPLE_MAX) })) as {
      readonly userList: readonly string[];
      readonly userCount: number;
    };
    return { names: new Set(userList), count: userCount };
  },

  async isOnline(userId) {
    const { online } = (await get("/user/online", { userId })) as { readonly online: boolean };
    return online;
  },
};

async function get(path: string, query: Record<string, string>): Promise<unknown> {
  const address = `${path}?${new URLSearchParams(query)}`;
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const response = await fetch(address, { cache: "no-store", signal });
  const { code, msg, data } = await response.json();
  if (code !== 200) throw new Error(msg);
  return data;
}

/**
 * What the page asks over HTTP: its settings, and who is here.
 */
import type { People } from "./roster.ts";

export interface Settings {
  /** Empty: the page's own origin. */
  readonly webSocketUrl: string;
  /** True if anyone may log in with any name. */
  readonly guest: boolean;
  readonly platforms: readonly number[];
}

/** @throws {Error} if the server is away. */
export async function readSettings(): Promise<Settings> {
  return (await get("/home/settings")) as Settings;
}

/** The first page of the list: a thousand people, more than anyone reads. @throws {Error} if the server is away. */
export async function readPeople(appPlatform: number): Promise<People> {
  const { userList, userCount } = (await get(`/user/list?appPlatform=${appPlatform}`)) as {
    readonly userList: readonly string[];
    readonly userCount: number;
  };
  return { names: new Set(userList), count: userCount };
}

async function get(path: string): Promise<unknown> {
  const response = await fetch(path, { cache: "no-store" });
  const { code, msg, data } = await response.json();
  if (code !== 200) throw new Error(msg);
  return data;
}

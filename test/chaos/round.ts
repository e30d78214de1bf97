/**
 * A round: members talk in rooms over a site while faults strike it, then it becomes quiet and the ledger says whether everybody has
 * heard everything, once and in the same order. The same seed gives the same members, sends and faults; what meets what is up to the
 * machine.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChatClient } from "../chat-client.ts";
import { seededRandom } from "../client/chaos-proxy.ts";
import { eventually } from "../deadline.ts";
import { ClusterSite } from "./cluster-site.ts";
import { type PlannedFault, planFaults, strike } from "./faults.ts";
import { type Heard, Ledger } from "./ledger.ts";
import type { Member } from "./member.ts";
import { RawMember } from "./raw-member.ts";
import { SdkMember } from "./sdk-member.ts";

export interface RoundOptions {
  readonly seed: number;
  /** Path of the binary. */
  readonly nginx: string;
  readonly nodes: number;
  readonly members: number;
  readonly rooms: number;
  readonly roomsPerMember: number;
  /** Of sending. */
  readonly loadMs: number;
  /** Messages a second, of all members together. */
  readonly rate: number;
  /** 0: a calm round, in which senders' own orders hold too. */
  readonly faults: number;
  readonly told: (line: string) => void;
}

export interface Verdict {
  readonly faults: readonly string[];
  readonly counts: Ledger["counts"];
  readonly logins: number;
  /** How often a node read a log because messages were missing. */
  readonly gapsFilled: number;
  readonly done: readonly PlannedFault[];
  /** Where the logs of all processes lie; undefined if nothing was wrong. */
  readonly logs: string | undefined;
}

const LEASE_SECONDS = 2;
/** After the last fault: reconnects with their waits, a lease, resyncs; and a busy machine. */
const QUIET_MS_MAX = 60_000;

export async function runRound(options: RoundOptions): Promise<Verdict> {
  const { seed, nginx, nodes, loadMs, told } = options;
  const random = seededRandom(seed);
  const ledger = new Ledger();
  // In calm a busy machine is no reason to refuse anything.
  const args = options.faults === 0 ? ["--redis-timeout-ms", String(QUIET_MS_MAX)] : [];
  await using site = await ClusterSite.start({ nginx, nodes, leaseSeconds: LEASE_SECONDS, args });
  const members = newMembers(site, ledger, options);
  const plan = planFaults(random, { nodes, leaseMs: LEASE_SECONDS * 1_000, loadMs, count: options.faults });
  let gapsFilled = 0;
  try {
    await Promise.all(members.map((member) => member.start()));
    told(`${members.length} members are logged in`);
    const talking = talk(members, random, options);
    await strike(site, plan, told);
    await talking;
    await becomeQuiet(members, ledger);
    await compare(site, ledger, options);
    gapsFilled = await countGaps(site);
  } catch (error) {
    ledger.fault(`broken off: ${String(error)}`);
  } finally {
    await Promise.all(members.map((member) => member.close()));
  }
  const isBad = ledger.faults.length > 0;
  const logs = isBad ? mkdtempSync(join(tmpdir(), `prim-chaos-${seed}-`)) : undefined;
  if (logs !== undefined) site.keepLogs(logs);
  const logins = members.reduce((sum, member) => sum + member.logins, 0);
  return { faults: ledger.faults, counts: ledger.counts, logins, gapsFilled, done: plan, logs };
}

/** Half of them with the SDK, half bare; of each half one half in protobuf. All platforms, and each in some of the rooms. */
function newMembers(site: ClusterSite, ledger: Ledger, options: RoundOptions): Member[] {
  return Array.from({ length: options.members }, (_, index) => {
    const rooms = Array.from(
      { length: options.roomsPerMember },
      (_each, step) => `room:r${(index + step * 7) % options.rooms}`,
    );
    const Kind = index % 2 === 0 ? SdkMember : RawMember;
    const more = { appPlatform: 101 + ((index >> 1) % 4), binary: index % 4 > 1, rooms };
    return new Kind({ name: `u${index}`, url: site.webSocketUrl(index), ...more }, ledger);
  });
}

/** Sends at the rate until the time is over, faults or not. */
async function talk(members: readonly Member[], random: () => number, { loadMs, rate }: RoundOptions) {
  const startedAt = performance.now();
  const counts = new Map<string, number>();
  let sent = 0;
  for (let passedMs = 0; passedMs < loadMs; passedMs = performance.now() - startedAt) {
    for (; sent < (passedMs * rate) / 1_000; sent += 1) {
      const member = members[Math.floor(random() * members.length)] as Member;
      const room = member.rooms[Math.floor(random() * member.rooms.length)] as string;
      const number = (counts.get(member.name) ?? 0) + 1;
      counts.set(member.name, number);
      member.send(room, `${member.name} ${number}`);
    }
    await Bun.sleep(10);
  }
}

/** Until everybody is online, everything is answered, and everybody has heard up to the newest that anybody has heard. */
async function becomeQuiet(members: readonly Member[], ledger: Ledger): Promise<void> {
  const busy = () => members.filter((member) => !member.isOnline || member.unanswered > 0);
  const names = (list: readonly Member[]) =>
    list.slice(0, 5).map((member) => `${member.name} ${member.unanswered}`);
  await eventually(
    () => busy().length,
    (count) => count === 0,
    "all to be online and answered",
    QUIET_MS_MAX,
  ).catch((error: unknown) => ledger.fault(`${String(error)}: ${names(busy()).join(", ")}`));
}

/** Compares what each node gives as history with what was heard. */
async function compare(site: ClusterSite, ledger: Ledger, { rooms, faults }: RoundOptions): Promise<void> {
  for (const [index, { prim }] of site.nodes.entries()) {
    const reader = await ChatClient.login(prim.webSocketUrl, `reader-${index}`);
    for (let number = 0; number < rooms; number += 1) {
      const room = `room:r${number}`;
      await reader.ok("join", { channel: room });
      const log = await readAll(reader, room);
      if (index === 0) {
        await eventually(
          () => ledger.isHeard(room, log.length),
          (isSo) => isSo,
          `${room} to be heard`,
          QUIET_MS_MAX / 4,
        ).catch(() => {}); // check() says who misses what.
      }
      ledger.check(room, log, faults === 0);
    }
    await reader.close();
  }
}

async function readAll(reader: ChatClient, room: string): Promise<Heard[]> {
  const log: Heard[] = [];
  for (;;) {
    const page = await reader.ok("history", { channel: room, after: log.length, limit: 1_000 });
    for (const { epoch, offset, id, msg } of page.messages) log.push({ room, epoch, offset, id, key: msg });
    if (!page.more) return log;
  }
}

async function countGaps(site: ClusterSite): Promise<number> {
  const gaps = await Promise.all(site.nodes.map(({ prim }) => prim.metric("prim_gaps_filled_total")));
  return gaps.reduce((sum, count) => sum + count, 0);
}

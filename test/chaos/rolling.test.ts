/**
 * All workers of a machine are replaced, one after the other, while clients talk: no send fails, nothing is lost, nobody waits for
 * longer than the SDK's own pause, and nobody seems to go.
 */
import { expect, test } from "bun:test";
import { eventually } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { PrimProcess } from "../prim-process.ts";
import { RedisServer } from "../redis/redis-server.ts";
import { TcpMigration } from "../tcp-migration.ts";
import { Ledger } from "./ledger.ts";
import { SdkMember } from "./sdk-member.ts";

const WORKERS = 3;
const MEMBERS = 60;
const ROOMS = 4;
const SEND_PERIOD_MS = 15;
const LEASE_SECONDS = 5;
/**
 * SdkMember's first pause is up to 50 ms, the next 100 ms. The rest is for a handshake and a login on a machine whose cores
 * start a new worker at that moment.
 */
const OFFLINE_MS_MAX = 2_500;
const TEST_MS_MAX = 120_000;

describeWith("redis-server", "workers under load", () => {
  test(
    "are replaced, and clients don't notice",
    async () => {
      using _migration = new TcpMigration();
      const redis = await RedisServer.start();
      const prim = await PrimProcess.start({
        dataDir: "none",
        args: [
          ...["--workers", String(WORKERS), "--redis-url", `redis://127.0.0.1:${redis.port}`],
          ...["--cluster-lease-seconds", String(LEASE_SECONDS)],
        ],
      });
      const ledger = new Ledger();
      const members = Array.from({ length: MEMBERS }, (_, index) => {
        const rooms = [`room:r${index % ROOMS}`];
        const more = { url: prim.webSocketUrl, appPlatform: 101, binary: index % 2 === 0 };
        return new SdkMember({ name: `u${index}`, rooms, ...more }, ledger);
      });
      const told = new Map<string, number>();
      try {
        await Promise.all(members.map((member) => member.start()));
        // What a node says of who came goes the way of its messages, before them.
        for (const member of members) member.send(member.rooms[0] ?? "", `${member.name} is here`);
        await eventually(
          () => ledger.counts.heard,
          (count) => count >= (MEMBERS * MEMBERS) / ROOMS,
          "everybody to be heard by all of their room",
        );
        for (const { client } of members) {
          for (const kind of ["enter", "exit"] as const) {
            client.on(kind, () => told.set(kind, (told.get(kind) ?? 0) + 1));
          }
        }
        const talking = { goesOn: true };
        const talk = talkOn(members, talking);
        const nodesBefore = startedNodes(prim);
        prim.signal("SIGHUP");
        await prim.line(
          "stderr",
          (line) => line.includes("workers replaced"),
          "the end of the replacement",
          60_000,
        );
        talking.goesOn = false;
        await talk;
        await eventually(
          () => members.filter((member) => !member.isOnline || member.unanswered > 0).map(({ name }) => name),
          (busy) => busy.length === 0,
          "everything to be answered",
        );
        const { sent, answered, heard } = ledger.counts;
        await eventually(
          () => ledger.counts.heard,
          (count) => count >= (sent * MEMBERS) / ROOMS,
          "everything to be heard",
        );
        expect(ledger.faults).toEqual([]);
        expect(answered).toBe(sent);
        expect(heard).toBeGreaterThan(0);
        expect(startedNodes(prim).filter((node) => !nodesBefore.includes(node))).toHaveLength(WORKERS);
        // Each was moved at least once, and few much more often.
        for (const { logins } of members) expect(logins).toBeGreaterThan(1);
        expect(Math.max(...members.map(({ offlineMsMax }) => offlineMsMax))).toBeLessThan(OFFLINE_MS_MAX);
        expect(Object.fromEntries(told)).toEqual({});
        const longest = Math.round(Math.max(...members.map(({ offlineMsMax }) => offlineMsMax)));
        process.stderr.write(`rolling: ${sent} sent, ${heard} heard, offline ${longest} ms at most\n`);
      } finally {
        await Promise.all(members.map((member) => member.close()));
        await prim.stop();
        await redis.stop();
      }
    },
    TEST_MS_MAX,
  );
});

async function talkOn(members: readonly SdkMember[], talking: { readonly goesOn: boolean }): Promise<void> {
  for (let count = 1; talking.goesOn; count += 1) {
    const member = members[count % members.length] as SdkMember;
    member.send(member.rooms[0] ?? "", `${member.name} ${count}`);
    await Bun.sleep(SEND_PERIOD_MS);
  }
}

/** Process ids of the workers that have started. */
function startedNodes({ stderr }: PrimProcess): number[] {
  return stderr
    .filter((line) => line.includes('"node started"'))
    .map((line) => (JSON.parse(line) as { pid: number }).pid);
}

/**
 * Three nodes behind nginx, and 300 members in 20 rooms, half of them with the SDK and half on bare WebSockets: once in calm, once
 * with faults. `bun run chaos` does the second for as long as one likes.
 *
 * PRIM_CHAOS_SEED repeats a run's faults.
 */
import { expect, test } from "bun:test";
import { describeWith } from "../parts.ts";
import { type RoundOptions, runRound } from "./round.ts";

const SEED = Number(process.env["PRIM_CHAOS_SEED"] ?? Math.floor(Math.random() * 1_000_000));
const TEST_MS_MAX = 150_000;

const CROWD = { nodes: 3, members: 300, rooms: 20, roomsPerMember: 2, rate: 120 } as const;

describeWith("redis-server", "a cluster", () => {
  describeWith("nginx", "behind nginx", (nginx) => {
    const run = (options: Pick<RoundOptions, "loadMs" | "faults">) =>
      runRound({
        ...CROWD,
        ...options,
        seed: SEED,
        nginx,
        told: (line) => process.stderr.write(`cluster: PRIM_CHAOS_SEED=${SEED} ${line}\n`),
      });

    test(
      "brings every message to everybody in its room, once and in one order",
      async () => {
        const { faults, counts } = await run({ loadMs: 6_000, faults: 0 });
        expect(faults).toEqual([]);
        expect(counts.refused).toBe(0);
        expect(counts.answered).toBe(counts.sent);
        // Each room has as many members as the others.
        expect(counts.heard).toBe((counts.sent * CROWD.members * CROWD.roomsPerMember) / CROWD.rooms);
      },
      TEST_MS_MAX,
    );

    test(
      "does so whatever breaks, once it is whole again",
      async () => {
        const { faults, counts } = await run({ loadMs: 6_000, faults: 3 });
        expect(faults).toEqual([]);
        expect(counts.answered).toBeGreaterThan(0);
      },
      TEST_MS_MAX,
    );
  });
});

/**
 * Appends to a SQLite store until it is killed, and prints each answer: `<channel> <offset> <id> <text>`.
 * For tests that end it in the middle of a burst. Usage: bun test/store-writer.ts <dataDir>
 */
import { writeSync } from "node:fs";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { SqliteStore } from "../src/storage/sqlite/sqlite-store.ts";
import { channel, draft } from "./contract/store-bed.ts";

const STDOUT = 1;
const CHANNELS = 5;
const PER_TURN = 20;

const [dataDir = ""] = process.argv.slice(2);
const bounds = { countMax: 1_000_000, ageMs: 3_600_000 };
const store = SqliteStore.open(dataDir, { clock: systemClock, log: silentLogger, ...bounds });

for (let turn = 0; ; turn++) {
  const burst: Promise<void>[] = [];
  for (let n = 0; n < PER_TURN; n++) burst.push(append(turn * PER_TURN + n));
  await Promise.all(burst);
}

async function append(n: number): Promise<void> {
  const written = draft({ seq: `s${n}`, msg: `m${n}` });
  const { receipt } = await store.append({
    channel: channel(`room:${n % CHANNELS}`),
    draft: written,
    windowMs: 600_000,
  });
  writeSync(STDOUT, `${receipt.channel} ${receipt.offset} ${receipt.id} ${written.msg}\n`);
}

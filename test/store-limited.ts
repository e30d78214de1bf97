/**
 * Appends until the file size limit of this process (`ulimit -f`) has refused many, and prints the number of answers:
 * for tests of write errors that come from the system. Usage: bun test/store-limited.ts <dataDir>
 */
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { SqliteStore } from "../src/storage/sqlite/sqlite-store.ts";
import { lobby, send } from "./contract/store-bed.ts";

const REFUSED_MAX = 100;
const SENDS_MAX = 10_000;

// Unhandled, the signal ends the process; handled, the write fails with EFBIG.
process.on("SIGXFSZ", () => {});

const [dataDir = ""] = process.argv.slice(2);
const bounds = { countMax: 1_000_000, ageMs: 3_600_000 };
const store = SqliteStore.open(dataDir, { clock: systemClock, log: silentLogger, ...bounds });
let answered = 0;
let refused = 0;
for (let n = 0; n < SENDS_MAX && refused < REFUSED_MAX; n++) {
  try {
    const { receipt } = await send(store, lobby, { seq: `s${n}`, msg: "x".repeat(4_000) });
    answered += 1;
    if (receipt.offset !== answered)
      throw new Error(`Offset ${receipt.offset} came after ${answered - 1} answers`);
  } catch {
    refused += 1;
  }
}
process.stdout.write(JSON.stringify({ answered, refused }));
process.exit(0);

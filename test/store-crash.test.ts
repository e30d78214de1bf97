/** What needs a second process: killing the writer, opening what it holds, and a limit on its files. */
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { SqliteStore } from "../src/storage/sqlite/sqlite-store.ts";
import { channel, lobby, offsetsOf, readAll, send, upTo } from "./contract/store-bed.ts";

const ROUNDS = 3;
const ANSWERS_PER_ROUND = 2_000;
const DEADLINE_MS = 30_000;
const OPTIONS = { clock: systemClock, log: silentLogger, countMax: 1_000_000, ageMs: 3_600_000 };

/** Reads the writer's answers, kills it after `countMin` of them, and gives all that were printed. */
async function killAfter(countMin: number, dataDir: string, whileRunning: () => void): Promise<string[]> {
  const writer = Bun.spawn([process.execPath, join(import.meta.dir, "store-writer.ts"), dataDir], {
    stdout: "pipe",
  });
  let text = "";
  let lines = 0;
  const decoder = new TextDecoder();
  for await (const bytes of writer.stdout) {
    text += decoder.decode(bytes, { stream: true });
    const before = lines;
    lines = text.split("\n").length - 1;
    if (before === 0) whileRunning();
    if (before < countMin && lines >= countMin) writer.kill("SIGKILL");
  }
  await writer.exited;
  // A last line without its end was cut off by the kill.
  return text.split("\n").slice(0, -1);
}

test(
  "every message answered before kill -9 is in the log, once, without a hole",
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "prim-crash-"));
    const answered: string[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const answersMin = round * ANSWERS_PER_ROUND;
      const answers = await killAfter(answersMin, dataDir, () => {
        expect(() => SqliteStore.open(dataDir, OPTIONS)).toThrow(`"${dataDir}" is in use by another process`);
      });
      expect(answers.length).toBeGreaterThanOrEqual(answersMin);
      // The first sends of a later round are repeats, which must get the first receipts.
      answered.push(...answers);
    }

    const store = SqliteStore.open(dataDir, OPTIONS);
    const stored = new Set<string>();
    for (const n of upTo(5)) {
      const room = channel(`room:${n - 1}`);
      const messages = await readAll(store, room);
      expect(offsetsOf(messages)).toEqual(upTo(messages.length));
      expect(new Set(messages.map(({ seq }) => seq)).size).toBe(messages.length);
      for (const { offset, id, msg } of messages) stored.add(`${room} ${offset} ${id} ${msg}`);
      expect((await send(store, room)).receipt.offset).toBe(messages.length + 1);
    }
    expect(answered.filter((line) => !stored.has(line))).toEqual([]);
    await store.close();
    await rm(dataDir, { recursive: true });
  },
  DEADLINE_MS,
);

test(
  "a store whose files can't grow uses the room it has, and loses nothing it answered",
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "prim-limit-"));
    // Blocks of 512 or 1,024 bytes, as the shell likes: 3 or 6 MB a file, less than the log's 16 MB.
    const command = 'ulimit -f 6000 && exec "$0" "$@"';
    const script = join(import.meta.dir, "store-limited.ts");
    const writer = Bun.spawn(["sh", "-c", command, process.execPath, script, dataDir], { stdout: "pipe" });
    const { answered, refused } = await new Response(writer.stdout).json();
    expect(refused).toBe(100);

    const store = SqliteStore.open(dataDir, OPTIONS);
    const messages = await readAll(store, lobby);
    // A refused one may have reached the disk, as the newest; sent again it would be a repeat.
    expect(messages.length).toBeGreaterThanOrEqual(answered);
    expect(offsetsOf(messages)).toEqual(upTo(messages.length));
    expect(new Set(messages.map(({ seq }) => seq)).size).toBe(messages.length);
    // Far more than one log's worth: room was found again after the first failure.
    expect(answered).toBeGreaterThan(300);
    expect((await send(store, lobby)).receipt.offset).toBe(messages.length + 1);
    await store.close();
    await rm(dataDir, { recursive: true });
  },
  DEADLINE_MS,
);

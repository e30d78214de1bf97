import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ChatClient } from "./chat-client.ts";
import { eventually, within } from "./deadline.ts";
import { FREE_PORTS, PrimProcess, temporaryFolder } from "./prim-process.ts";
import { RawClient } from "./raw-client.ts";
import type { FrameData } from "./wire-frame.ts";

setDefaultTimeout(60_000);

const ROOM = "room:101";
const SENDERS = 6;

let folder = "";
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

let folders = 0;
function newFolder(): string {
  folders += 1;
  return join(folder, `data-${folders}`);
}

/** Runs a node, and ends it whatever happens. */
async function withPrim(
  options: Parameters<typeof PrimProcess.start>[0],
  body: (prim: PrimProcess) => Promise<void>,
): Promise<void> {
  const prim = await PrimProcess.start(options);
  try {
    await body(prim);
  } finally {
    if (!prim.hasExited) await prim.kill9();
  }
}

/** A client that sends as fast as it is answered, some at a time, and remembers all of it. */
class Burst {
  readonly userId: string;
  readonly client: ChatClient;
  readonly sent = new Set<string>();
  readonly answered = new Map<string, FrameData>();
  readonly refused = new Set<string>();
  readonly #to: object;
  #going = true;

  constructor(userId: string, client: ChatClient, to: object) {
    this.userId = userId;
    this.client = client;
    this.#to = to;
  }

  /** Returns after end(), or when the connection is gone. */
  async run(prefix: string): Promise<void> {
    void this.client.closed.then(() => this.end());
    for (let n = 1; this.#going; n += 1) {
      const seqs = [1, 2, 3, 4, 5].map((k) => `${prefix}-${this.userId}-${n}-${k}`);
      for (const seq of seqs) this.send(seq);
      const answers = seqs.map((seq) => this.#take(seq));
      await Promise.race([Promise.all(answers), this.client.closed]);
    }
  }

  send(seq: string): void {
    this.sent.add(seq);
    this.client.send("send", { ...this.#to, msg: seq }, seq);
  }

  get unanswered(): string[] {
    return [...this.sent].filter((seq) => !this.answered.has(seq) && !this.refused.has(seq));
  }

  end(): void {
    this.#going = false;
  }

  async #take(seq: string): Promise<void> {
    const { code, data } = await this.client.answer(seq).catch(() => ({ code: 0, data: {} as FrameData }));
    if (code === 200) this.answered.set(seq, data);
    else if (code !== 0) this.refused.add(seq);
  }
}

async function readAll(client: ChatClient, channel: string): Promise<FrameData[]> {
  const messages: FrameData[] = [];
  for (;;) {
    const page = await client.ok("history", { channel, after: messages.length, limit: 1_000 });
    messages.push(...page.messages);
    if (!page.more) return messages;
  }
}

function expectNoHole(messages: readonly FrameData[]): void {
  expect(messages.map(({ offset }) => offset)).toEqual(messages.map((_, index) => index + 1));
}

/** Each answered message is there once, in the place that was answered; others at most once. */
function expectAnsweredOnce(messages: readonly FrameData[], answered: ReadonlyMap<string, FrameData>): void {
  expectNoHole(messages);
  const bySeq = new Map(messages.map((message) => [message.msg, message]));
  expect(bySeq.size).toBe(messages.length);
  for (const [seq, { id, offset, epoch }] of answered) {
    expect(bySeq.get(seq)).toMatchObject({ id, offset, epoch });
  }
}

async function bursts(prim: PrimProcess, toUser: boolean): Promise<Burst[]> {
  return Promise.all(
    Array.from({ length: SENDERS }, async (_, index) => {
      const userId = `sender-${index}`;
      const format = index % 2 === 0 ? "json" : "protobuf";
      const client = await ChatClient.login(prim.webSocketUrl, userId, { format });
      return new Burst(userId, client, toUser ? { userId: "receiver" } : { channel: ROOM });
    }),
  );
}

describe("kill -9", () => {
  test("in the middle of bursts loses nothing that was answered, and a repeat completes the rest", async () => {
    const dataDir = newFolder();
    const answered = new Map<string, FrameData>();
    for (const round of ["a", "b", "c"]) {
      let open: Burst[] = [];
      await withPrim({ dataDir }, async (prim) => {
        open = await bursts(prim, false);
        const running = open.map((burst) => burst.run(round));
        const [first] = open;
        const enough = () => open.every((burst) => burst.answered.size >= 40);
        await first?.client.until(enough, "a burst under way");
        // While frames wait in the sockets: no one can tell which of these were taken.
        for (const burst of open) {
          for (let n = 0; n < 20; n += 1) burst.send(`${round}-${burst.userId}-last-${n}`);
        }
        await prim.kill9();
        for (const burst of open) burst.end();
        await Promise.all(running);
      });
      for (const burst of open) for (const [seq, data] of burst.answered) answered.set(seq, data);
      const unanswered = open.flatMap((burst) => burst.unanswered.map((seq) => [burst.userId, seq] as const));
      expect(unanswered.length).toBeGreaterThan(0);

      await withPrim({ dataDir }, async (prim) => {
        const reader = await ChatClient.login(prim.webSocketUrl, "reader");
        expectAnsweredOnce(await readAll(reader, ROOM), answered);
        const clients = new Map<string, ChatClient>();
        for (const { userId } of open) clients.set(userId, await ChatClient.login(prim.webSocketUrl, userId));
        for (const [userId, seq] of unanswered) {
          const data = await clients.get(userId)?.ok("send", { channel: ROOM, msg: seq }, seq);
          if (data !== undefined) answered.set(seq, data);
        }
        for (const [seq, first] of open.flatMap((burst) => [...burst.answered]).slice(0, 50)) {
          const userId = open.find((burst) => burst.sent.has(seq))?.userId ?? "";
          const again = await clients.get(userId)?.ok("send", { channel: ROOM, msg: "again" }, seq);
          expect([again?.id, again?.offset]).toEqual([first.id, first.offset]);
        }
        const messages = await readAll(reader, ROOM);
        expectAnsweredOnce(messages, answered);
        expect(messages.length).toBe(answered.size);
        await prim.kill9();
      });
    }
  });

  test("one to one: an answered message is in both inboxes, an unanswered one is after a repeat", async () => {
    const dataDir = newFolder();
    let open: Burst[] = [];
    await withPrim({ dataDir }, async (prim) => {
      open = await bursts(prim, true);
      const running = open.map((burst) => burst.run("x"));
      await open[0]?.client.until(() => open.every((burst) => burst.answered.size >= 20), "a burst");
      for (const burst of open) for (let n = 0; n < 20; n += 1) burst.send(`last-${burst.userId}-${n}`);
      await prim.kill9();
      for (const burst of open) burst.end();
      await Promise.all(running);
    });
    await withPrim({ dataDir }, async (prim) => {
      const idOf = new Map<string, string>();
      for (const { userId, sent, answered, unanswered } of open) {
        const sender = await ChatClient.login(prim.webSocketUrl, userId);
        expectAnsweredOnce(await readAll(sender, `inbox:${userId}`), answered);
        for (const seq of unanswered) await sender.ok("send", { userId: "receiver", msg: seq }, seq);
        const own = await readAll(sender, `inbox:${userId}`);
        expectAnsweredOnce(own, answered);
        expect(own.length).toBe(sent.size);
        for (const { msg, id } of own) idOf.set(msg, id);
      }
      const receiver = await ChatClient.login(prim.webSocketUrl, "receiver");
      const inbox = await readAll(receiver, "inbox:receiver");
      expectNoHole(inbox);
      expect(inbox.length).toBe(idOf.size);
      for (const { msg, id } of inbox) expect(id).toBe(idOf.get(msg) ?? "");
    });
  });

  test("read marks and positions outlive it", async () => {
    const dataDir = newFolder();
    let place = { epoch: "", offset: 0 };
    await withPrim({ dataDir }, async (prim) => {
      const ann = await ChatClient.login(prim.webSocketUrl, "ann");
      place = await ann.ok("send", { channel: ROOM, msg: "1" });
      await ann.ok("read", { channel: ROOM, offset: 1 });
      await ann.ok("send", { channel: ROOM, msg: "2" });
      await prim.kill9();
    });
    await withPrim({ dataDir }, async (prim) => {
      const ann = await ChatClient.connect(prim.webSocketUrl);
      const positions = [{ channel: ROOM, epoch: place.epoch, offset: place.offset }];
      const { channels } = await ann.ok("login", { userId: "ann", appPlatform: 101, positions });
      expect(channels.find(({ channel }) => channel === ROOM)).toMatchObject({
        recovered: true,
        read: 1,
        offset: 2,
        epoch: place.epoch,
      });
      expect((await ann.push("msg")).data.msg).toBe("2");
    });
  });
});

describe("SIGTERM", () => {
  test("says so, closes with 1012 and exits 0; all that was stored was answered", async () => {
    const dataDir = newFolder();
    let open: Burst[] = [];
    await withPrim({ dataDir }, async (prim) => {
      open = await bursts(prim, false);
      const idle = await ChatClient.connect(prim.webSocketUrl);
      const running = open.map((burst) => burst.run("t"));
      await open[0]?.client.until(() => open.every((burst) => burst.answered.size >= 40), "a burst");
      prim.signal("SIGTERM");
      for (const burst of open) {
        expect(await within(burst.client.closed, "the close")).toMatchObject({ code: 1012 });
        burst.end();
        expect(burst.client.events.map(({ data }) => data.notice)).toContain("draining");
      }
      expect(await within(idle.closed, "the close")).toMatchObject({ code: 1012 });
      expect(await within(prim.exited, "the exit")).toBe(0);
      await Promise.all(running);
      expect(prim.stderr.filter((line) => line.includes('"error"'))).toEqual([]);
    });
    await withPrim({ dataDir }, async (prim) => {
      const reader = await ChatClient.login(prim.webSocketUrl, "reader");
      const messages = await readAll(reader, ROOM);
      const answered = new Map(open.flatMap((burst) => [...burst.answered]));
      expectAnsweredOnce(messages, answered);
      expect(messages.filter(({ msg }) => !answered.has(msg))).toEqual([]);
    });
  });

  test("one to one: what is under way is finished in both inboxes, and answered", async () => {
    for (const round of ["a", "b", "c"]) {
      const dataDir = newFolder();
      let open: Burst[] = [];
      await withPrim({ dataDir }, async (prim) => {
        open = await bursts(prim, true);
        const running = open.map((burst) => burst.run(round));
        await open[0]?.client.until(() => open.every((burst) => burst.answered.size >= 20), "a burst");
        expect(await prim.stop()).toBe(0);
        for (const burst of open) burst.end();
        await Promise.all(running);
      });
      await withPrim({ dataDir }, async (prim) => {
        const receiver = await ChatClient.login(prim.webSocketUrl, "receiver");
        const received = (await readAll(receiver, "inbox:receiver")).map(({ msg }) => msg).sort();
        expect(received).toEqual(open.flatMap(({ answered }) => [...answered.keys()]).sort());
      });
    }
  });

  test("is done within its bound though a client never reads or answers", async () => {
    await withPrim({ dataDir: "none" }, async (prim) => {
      const deaf = await RawClient.open(prim.webSocketUrl);
      deaf.pause();
      const half = await RawClient.connect(prim.httpUrl);
      half.write("POST /user/sendMessage HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nuserId=");
      const start = performance.now();
      expect(await prim.stop()).toBe(0);
      expect(performance.now() - start).toBeLessThan(10_000);
      deaf.terminate();
      half.terminate();
    });
  });

  test("a second signal exits at once", async () => {
    await withPrim({ dataDir: "none" }, async (prim) => {
      // A client that is not read from holds up the orderly stop for a moment.
      const deaf = await RawClient.open(prim.webSocketUrl);
      deaf.pause();
      prim.signal("SIGINT");
      await prim.line("stdout", (line) => line.includes("stopping"), "the line of the first signal");
      prim.signal("SIGTERM");
      expect([0, 1]).toContain(await within(prim.exited, "the exit"));
      deaf.terminate();
    });
  });

  test("SIGINT is the same", async () => {
    await withPrim({ dataDir: newFolder() }, async (prim) => {
      const client = await ChatClient.login(prim.webSocketUrl, "ann");
      prim.signal("SIGINT");
      expect(await within(client.closed, "the close")).toMatchObject({ code: 1012 });
      expect(await within(prim.exited, "the exit")).toBe(0);
    });
  });
});

describe("what can't start says so", () => {
  test("a port in use: one line that names it, exit 1", async () => {
    await withPrim({ dataDir: "none" }, async (prim) => {
      for (const [flag, url, setting] of [
        ["--http-port", prim.httpUrl, "app.httpPort"],
        ["--websocket-port", prim.webSocketUrl, "app.webSocketPort"],
      ] as const) {
        const { port } = new URL(url);
        const { exitCode, stdout, stderr } = await PrimProcess.run([
          ...FREE_PORTS,
          "--data",
          "none",
          flag,
          port,
        ]);
        expect(exitCode).toBe(1);
        expect(stdout).toEqual([]);
        expect(stderr).toEqual([`prim: Cannot listen on 127.0.0.1:${port} (${setting}): the port is in use`]);
      }
    });
  });

  test("a data directory in use: one line that names it, exit 1, and the first goes on", async () => {
    const dataDir = newFolder();
    await withPrim({ dataDir }, async (prim) => {
      const args = [...FREE_PORTS, "--data-dir", dataDir];
      const { exitCode, stderr } = await PrimProcess.run(args);
      expect(exitCode).toBe(1);
      expect(stderr).toEqual([`prim: The data directory "${dataDir}" is in use by another process`]);
      const ann = await ChatClient.login(prim.webSocketUrl, "ann");
      await ann.ok("send", { channel: ROOM, msg: "still here" });
    });
  });

  test("a data directory that is a file, or holds something else: one line, exit 1", async () => {
    const file = newFolder();
    writeFileSync(file, "");
    const args = [...FREE_PORTS, "--data-dir"];
    const asFile = await PrimProcess.run([...args, file]);
    expect([asFile.exitCode, asFile.stderr.length]).toEqual([1, 1]);
    const damaged = temporaryFolder();
    try {
      writeFileSync(
        join(damaged, "prim.db"),
        "this is no database, and long enough to be seen as none".repeat(99),
      );
      const outcome = await PrimProcess.run([...args, damaged]);
      expect([outcome.exitCode, outcome.stderr.length]).toEqual([1, 1]);
    } finally {
      rmSync(damaged, { recursive: true, force: true });
    }
  });

  test("a wrong configuration: all its faults at once, exit 2", async () => {
    const { exitCode, stdout, stderr } = await PrimProcess.run(
      ["--http-port", "99999", "--log-level", "loud", "--wings", "2"],
      { env: { PRIM_HEARTBEAT_SECONDS: "1" } },
    );
    expect(exitCode).toBe(2);
    expect(stdout).toEqual([]);
    const text = stderr.join("\n");
    for (const word of ["99999", "loud", "--wings", "PRIM_HEARTBEAT_SECONDS"]) expect(text).toContain(word);
  });
});

describe("readiness", () => {
  test("/readyz and /livez say ok while it runs, and nobody listens afterwards", async () => {
    await withPrim({ dataDir: newFolder() }, async (prim) => {
      for (const path of ["/readyz", "/livez"]) {
        const response = await fetch(prim.httpUrl + path);
        expect([path, response.status, await response.text()]).toEqual([path, 200, "ok\n"]);
      }
      prim.signal("SIGTERM");
      await eventually(
        () =>
          fetch(`${prim.httpUrl}/readyz`).then(
            (response) => response.status,
            () => 0,
          ),
        (status) => status === 503 || status === 0,
        "/readyz to fail",
      );
      expect(await within(prim.exited, "the exit")).toBe(0);
    });
  });
});

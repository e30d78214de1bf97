import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import WebSocketOfNpm from "ws";
import { ChatClient } from "./chat-client.ts";
import { within } from "./deadline.ts";
import { describeWith } from "./parts.ts";
import { PrimProcess } from "./prim-process.ts";
import type { WireFormat } from "./wire-frame.ts";

/** What a client needs to be for these tests; nobody here wrote the two that are behind it. */
interface TextClient {
  send(text: string): void;
  /** The next text that holds these words. */
  next(words: string): Promise<string>;
  close(): void;
}

const LOGIN = '{"seq":"1565336219141-266129","action":"login","data":{"userId":"马远","appPlatform":101}}';
const LOGIN_ANSWER =
  '{"seq":"1565336219141-266129","action":"login","response":{"code":200,"codeMsg":"Success","data":null}}';
const TEXT_PUSH = `{
  "seq": "1569080188418-747717",
  "action": "msg",
  "response": {
    "code": 200,
    "codeMsg": "Ok",
    "data": {
      "target": "",
      "type": "text",
      "msg": "hello",
      "from": "马超"
    }
  }
}`;

setDefaultTimeout(60_000);

let prim: PrimProcess;
beforeAll(async () => {
  prim = await PrimProcess.start({ dataDir: "none" });
});
afterAll(async () => {
  await prim?.stop();
});

/** Texts as they come, for whoever waits for them. */
class Inbox {
  #texts: string[] = [];
  #check = () => {};

  take(text: string): void {
    this.#texts.push(text);
    this.#check();
  }

  next(words: string): Promise<string> {
    const found = new Promise<string>((resolve) => {
      this.#check = () => {
        const index = this.#texts.findIndex((text) => text.includes(words));
        const [text] = index < 0 ? [] : this.#texts.splice(index, 1);
        if (text === undefined) return;
        this.#check = () => {};
        resolve(text);
      };
      this.#check();
    });
    return within(found, () => `"${words}"; unread: ${this.#texts.join("\n")}`);
  }
}

async function npmClient(url: string): Promise<TextClient> {
  const socket = new WebSocketOfNpm(url);
  const inbox = new Inbox();
  socket.on("message", (data) => inbox.take(String(data)));
  await within(new Promise((resolve) => socket.once("open", resolve)), "the ws client to connect");
  return {
    send: (text) => socket.send(text),
    next: (words) => inbox.next(words),
    close: () => socket.close(),
  };
}

async function runtimeClient(url: string): Promise<TextClient> {
  const socket = new WebSocket(url);
  const inbox = new Inbox();
  socket.onmessage = ({ data }) => inbox.take(String(data));
  await within(
    new Promise((resolve) => {
      socket.onopen = resolve;
    }),
    "the WebSocket to connect",
  );
  return {
    send: (text) => socket.send(text),
    next: (words) => inbox.next(words),
    close: () => socket.close(),
  };
}

/** Every key of the literal is in the frame first, in its order and with its value. */
function expectToBeginLike(text: string, literal: string): void {
  const frame = JSON.parse(text);
  const wanted = JSON.parse(literal);
  expect(Object.keys(frame)).toEqual(Object.keys(wanted));
  expect(Object.keys(frame.response)).toEqual(Object.keys(wanted.response));
  const keys = Object.keys(wanted.response.data);
  expect(Object.keys(frame.response.data).slice(0, keys.length)).toEqual(keys);
  expect(frame).toMatchObject(wanted);
}

/** The seed's own example, between two clients. */
async function chatAsInTheSeed(first: TextClient, second: TextClient, room: string): Promise<void> {
  first.send(LOGIN);
  expect(await first.next("1565336219141-266129")).toBe(LOGIN_ANSWER);
  second.send('{"seq":"2323","action":"login","data":{"userId":"马超","appPlatform":101}}');
  expect(await second.next("2323")).toBe(
    '{"seq":"2323","action":"login","response":{"code":200,"codeMsg":"Success","data":null}}',
  );
  const entered = JSON.parse(await first.next('"enter"'));
  expect(entered).toMatchObject({ action: "enter", response: { code: 200, codeMsg: "Ok" } });
  expect(entered.response.data).toMatchObject({ target: "", type: "text", msg: "哈喽~", from: "马超" });

  second.send(
    `{"seq":"1569080188418-747717","action":"send","data":{"channel":"${room}","type":"text","msg":"hello"}}`,
  );
  expectToBeginLike(await first.next('"msg":"hello"'), TEXT_PUSH);
  expectToBeginLike(await second.next('"msg":"hello"'), TEXT_PUSH);
  expect(JSON.parse(await second.next('"action":"send"'))).toMatchObject({
    seq: "1569080188418-747717",
    response: { code: 200, data: { channel: room } },
  });

  second.send('{"seq":"2324","action":"heartbeat","data":{}}');
  expect(await second.next("2324")).toBe(
    '{"seq":"2324","action":"heartbeat","response":{"code":200,"codeMsg":"Success","data":null}}',
  );
  second.send('{"seq":"2325","action":"ping","data":{}}');
  expect(await second.next("2325")).toBe(
    '{"seq":"2325","action":"ping","response":{"code":200,"codeMsg":"Success","data":"pong"}}',
  );

  second.close();
  expect(JSON.parse(await first.next('"exit"')).response.data).toMatchObject({
    msg: "用户已经离开~",
    from: "马超",
  });
  first.close();
}

describe("the seed's frames", () => {
  test("two clients of different makers exchange them, byte for byte", async () => {
    await chatAsInTheSeed(
      await npmClient(prim.webSocketUrl),
      await runtimeClient(prim.webSocketUrl),
      "room:101",
    );
  });

  test("the HTTP port carries them as well, and both ports are one chat", async () => {
    // A node of its own: the same seq of the same user again would be the same message.
    const other = await PrimProcess.start({ dataDir: "none" });
    try {
      const onHttpPort = other.httpUrl.replace("http:", "ws:");
      await chatAsInTheSeed(
        await runtimeClient(`${onHttpPort}/acc`),
        await npmClient(other.webSocketUrl),
        "room:101",
      );
    } finally {
      await other.stop();
    }
  });

  test("an img message has the seed's fields", async () => {
    const ann = await ChatClient.login(prim.webSocketUrl, "马超");
    await ann.ok("send", {
      channel: "room:101",
      type: "img",
      url: "http://91vh.com/images/home_logo.png",
      secret: "消息鉴权 secret",
      size: { width: 480, height: 720 },
    });
    const { data } = await ann.push("msg");
    expect(data as object).toMatchObject({
      type: "img",
      from: "马超",
      url: "http://91vh.com/images/home_logo.png",
      secret: "消息鉴权 secret",
      size: { width: 480, height: 720 },
    });
    await ann.close();
  });

  test("a heartbeat may carry the user id, and needs no data at all", async () => {
    const client = await runtimeClient(prim.webSocketUrl);
    client.send('{"seq":"1","action":"login","data":{"userId":"11","appPlatform":101}}');
    await client.next('"1"');
    client.send('{"seq":"2","action":"heartbeat","data":{"userId":"11"}}');
    expect(JSON.parse(await client.next('"2"')).response.code).toBe(200);
    client.send('{"seq":"3","action":"heartbeat"}');
    expect(JSON.parse(await client.next('"3"')).response.code).toBe(200);
    client.close();
  });
});

describeWith("node", "a client under Node", (node) => {
  const program = `
    import WebSocket from "ws";
    const socket = new WebSocket(process.argv[1]);
    socket.on("open", () => socket.send(process.argv[2]));
    socket.on("message", (data) => {
      console.log(String(data));
      if (String(data).includes('"login"')) {
        socket.send('{"seq":"n-1","action":"send","data":{"channel":"room:101","msg":"from node"}}');
      }
      if (String(data).includes('"bye"')) socket.close();
    });
    socket.on("close", () => process.exit(0));
  `;

  test("logs in, sends, and sees what others send", async () => {
    const ann = await ChatClient.login(prim.webSocketUrl, "ann");
    const child = Bun.spawn([node, "--input-type=module", "-e", program, prim.webSocketUrl, LOGIN], {
      cwd: import.meta.dir,
      stdout: "pipe",
      stderr: "inherit",
    });
    try {
      const { data } = await ann.push("msg");
      expect(data).toMatchObject({ from: "马远", msg: "from node" });
      await ann.ok("send", { channel: "room:101", msg: "bye" });
      expect(await within(child.exited, "node to exit")).toBe(0);
      const lines = (await new Response(child.stdout).text()).trim().split("\n");
      expect(lines[0]).toBe(LOGIN_ANSWER);
      expect(lines.some((line) => line.includes('"bye"'))).toBe(true);
    } finally {
      child.kill("SIGKILL");
      await ann.close();
    }
  });
});

describe("the reference system's spelling", () => {
  /** What this request is answered, word by word. */
  async function exchange(client: TextClient, request: string, seq: string): Promise<string> {
    client.send(request);
    return client.next(`"seq":"${seq}"`);
  }

  test("the load tester's ping is answered without a login", async () => {
    const client = await npmClient(prim.webSocketUrl);
    expect(await exchange(client, '{"seq":"1_0","cmd":"ping","data":{}}', "1_0")).toBe(
      '{"seq":"1_0","cmd":"ping","response":{"code":200,"codeMsg":"Success","data":"pong"}}',
    );
    client.close();
  });

  test("failures have the reference's codes and words", async () => {
    const client = await npmClient(prim.webSocketUrl);
    const failures: [request: string, code: number, text: string][] = [
      ['{"seq":"a","cmd":"heartbeat","data":{"userID":"x"}}', 1000, "未登录"],
      ['{"seq":"b","cmd":"login","data":{"userID":"","appID":101}}', 1002, "非法的用户ID"],
      ['{"seq":"c","cmd":"login","data":{"userID":"x","appID":105}}', 1003, "未授权"],
      ['{"seq":"d","cmd":"fly","data":{}}', 1010, "路由不存在"],
      ['{"seq":"e","cmd":"login","data":"x"}', 1001, "参数不合法"],
    ];
    for (const [request, code, text] of failures) {
      const { seq, cmd } = JSON.parse(request);
      const answer = { seq, cmd, response: { code, codeMsg: text, data: null } };
      expect(await exchange(client, request, seq)).toBe(JSON.stringify(answer));
    }
    expect(await exchange(client, '{"seq":"f","cmd":"login","data":{"userID":"x","appID":101}}', "f")).toBe(
      '{"seq":"f","cmd":"login","response":{"code":200,"codeMsg":"Success","data":null}}',
    );
    expect(await exchange(client, '{"seq":"g","cmd":"login","data":{"userID":"x","appID":101}}', "g")).toBe(
      '{"seq":"g","cmd":"login","response":{"code":1009,"codeMsg":"操作失败","data":null}}',
    );
    expect(await exchange(client, '{"seq":"h","cmd":"heartbeat","data":{"userID":"x"}}', "h")).toBe(
      '{"seq":"h","cmd":"heartbeat","response":{"code":200,"codeMsg":"Success","data":null}}',
    );
    client.send("no json");
    expect(await client.next("数据不合法")).toBe("数据不合法");
    client.close();
  });

  test("enter and exit have its words", async () => {
    const client = await npmClient(prim.webSocketUrl);
    await exchange(client, '{"seq":"1","cmd":"login","data":{"userID":"ref","appID":103}}', "1");
    const other = await ChatClient.login(prim.webSocketUrl, "马超", { appPlatform: 103 });
    expect(JSON.parse(await client.next('"enter"'))).toMatchObject({
      cmd: "enter",
      response: {
        code: 200,
        codeMsg: "Ok",
        data: { target: "", type: "text", msg: "哈喽~", from: "马超" },
      },
    });
    await other.close();
    expect(JSON.parse(await client.next('"exit"'))).toMatchObject({
      cmd: "exit",
      response: { code: 200, codeMsg: "Ok", data: { msg: "用户已经离开~", from: "马超" } },
    });
    client.close();
  });

  test("a user id of 20 bytes and more is allowed here, up to 64", async () => {
    const client = await npmClient(prim.webSocketUrl);
    const login = (seq: string, userID: string) =>
      exchange(client, JSON.stringify({ seq, cmd: "login", data: { userID, appID: 101 } }), seq);
    expect(JSON.parse(await login("1", "a".repeat(65))).response.code).toBe(1002);
    expect(JSON.parse(await login("2", "a".repeat(64))).response.code).toBe(200);
    client.close();
  });
});

describe("three spellings, one chat", () => {
  const formats: WireFormat[] = ["json", "reference", "protobuf"];

  test("a message reaches each in its own spelling, with the same content and place", async () => {
    const url = prim.webSocketUrl;
    const members = await Promise.all(
      formats.map((format) => ChatClient.login(url, `of-${format}`, { format, appPlatform: 104 })),
    );
    for (const member of members) {
      await member.ok("send", { channel: "room:104", msg: `from ${member.format}` });
    }
    for (const member of members) {
      // The reference system's clients show their own messages themselves, and don't get them back.
      const wanted = formats.map((format) => `from ${format}`);
      const expected =
        member.format === "reference" ? wanted.filter((text) => text !== "from reference") : wanted;
      await member.until(() => member.messages.length >= expected.length, "the messages");
      await member.settle();
      expect(member.messages.map(({ msg }) => msg)).toEqual(expected);
    }
    const [json, reference, protobuf] = members;
    for (const message of json?.messages ?? []) {
      const { id, offset, epoch, from, sentAt, msg, type, channel, appPlatform, target } = message;
      const same = { id, offset, epoch, from, sentAt, msg, type, channel, appPlatform, target };
      expect(protobuf?.messages.find((other) => other.id === id)).toMatchObject(same);
      if (from !== "of-reference") {
        expect(reference?.messages.find((other) => other.id === id)).toMatchObject(same);
      }
    }
    for (const member of members) await member.close();
  });

  test("every action means the same in JSON and in protobuf", async () => {
    const transcripts = [];
    for (const format of ["json", "protobuf"] as const) {
      const node = await PrimProcess.start({ dataDir: "none" });
      try {
        transcripts.push(await transcriptOf(node.webSocketUrl, format));
      } finally {
        await node.stop();
      }
    }
    const [json, protobuf] = transcripts;
    expect(json?.length).toBeGreaterThan(25);
    expect(protobuf).toEqual(json ?? []);
  });

  /** One of everything, told without what differs from run to run. */
  async function transcriptOf(url: string, format: WireFormat): Promise<unknown[]> {
    const lines: unknown[] = [];
    const ann = await ChatClient.connect(url, format);
    const bob = await ChatClient.connect(url, format);
    const say = async (client: ChatClient, action: string, data: object, seq: string) => {
      const { code, data: answered } = await client.request(action, data, seq);
      lines.push({
        who: client === ann ? "ann" : "bob",
        action,
        code,
        data: timeless(typeof answered === "object" ? (answered ?? {}) : {}),
      });
    };
    await say(ann, "send", { channel: "room:101", msg: "x" }, "early");
    await say(ann, "heartbeat", {}, "h0");
    await say(ann, "ping", {}, "p0");
    await say(ann, "login", { userId: " bad ", appPlatform: 101 }, "l0");
    await say(ann, "login", { userId: "ann", appPlatform: 7 }, "l1");
    await say(ann, "login", { userId: "ann", appPlatform: 101, nickname: "Ann", positions: [] }, "l2");
    await say(ann, "login", { userId: "ann", appPlatform: 101, positions: [] }, "l3");
    const nowhere = [{ channel: "room:101", epoch: "other", offset: 0 }];
    await say(bob, "login", { userId: "bob", appPlatform: 101, positions: nowhere }, "l4");
    await say(ann, "heartbeat", {}, "h1");
    await say(ann, "join", { channel: "room:game" }, "j0");
    await say(ann, "join", { channel: "room:game", epoch: "other", offset: 5 }, "j1");
    await say(ann, "join", { channel: "room:no good" }, "j2");
    await say(ann, "join", { channel: "inbox:bob" }, "j3");
    await say(bob, "join", { channel: "room:game" }, "j4");
    await say(ann, "typing", { channel: "room:game" }, "t0");
    await say(ann, "typing", { userId: "bob" }, "t1");
    await say(ann, "send", { channel: "room:game", msg: "one" }, "s0");
    await say(ann, "send", { channel: "room:game", msg: "one" }, "s0");
    const img = { url: "/a.png", secret: "s", size: { width: 1, height: 2 }, name: "a", bytes: 3 };
    await say(ann, "send", { channel: "room:game", type: "img", msg: "caption", ...img }, "s1");
    const audio = { url: "/a.ogg", durationMs: 1_500, mimeType: "audio/ogg" };
    await say(ann, "send", { userId: "bob", type: "audio", msg: "", ...audio }, "s2");
    await say(ann, "send", { channel: "room:game", type: "file", url: "/a", msg: "" }, "s3");
    await say(ann, "send", { channel: "room:else", msg: "x" }, "s4");
    await say(bob, "history", { channel: "room:game" }, "y0");
    await say(bob, "history", { channel: "room:game", after: 1, limit: 5 }, "y1");
    await say(bob, "history", { channel: "room:game", before: 2 }, "y2");
    await say(bob, "history", { channel: "inbox:bob", limit: 1 }, "y3");
    await say(bob, "history", { channel: "inbox:ann" }, "y4");
    await say(bob, "read", { channel: "room:game", offset: 1 }, "r0");
    await say(bob, "read", { channel: "room:game", offset: 9 }, "r1");
    await say(bob, "read", { channel: "inbox:bob", offset: 1 }, "r2");
    await say(bob, "leave", { channel: "room:game" }, "v0");
    await say(bob, "leave", { channel: "room:game" }, "v1");
    await say(bob, "logout", {}, "o0");
    await say(bob, "logout", {}, "o1");
    await ann.settle();
    for (const client of [ann, bob]) {
      // The seq of a message stands elsewhere in JSON, and enter and exit have no words in protobuf.
      lines.push(client.messages.map((message) => timeless({ ...message, seq: "" })));
      lines.push(
        client.events.map(({ action, data }) => [action, timeless({ ...data, msg: "", type: "", seq: "" })]),
      );
      await client.close();
    }
    return lines;
  }

  const FLEETING = new Set(["id", "epoch", "sentAt", "sessionId"]);

  /** Without what differs from run to run, and with absent, empty and 0 as one, as they are in protobuf. */
  function timeless(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(timeless);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value)
      .filter(([name]) => !FLEETING.has(name))
      .map(([name, part]) => [name, timeless(part)] as const)
      .filter(([, part]) => part !== undefined && part !== "" && part !== 0 && part !== null)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  }
});

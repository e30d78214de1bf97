import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ChatClient } from "./chat-client.ts";
import { PrimProcess } from "./prim-process.ts";

setDefaultTimeout(60_000);

let prim: PrimProcess;
let ann: ChatClient;
let bob: ChatClient;

beforeAll(async () => {
  prim = await PrimProcess.start();
  ann = await ChatClient.login(prim.webSocketUrl, "ann");
  bob = await ChatClient.login(prim.webSocketUrl, "bob", { appPlatform: 102, format: "protobuf" });
});
afterAll(async () => {
  await prim?.stop();
});

interface UserList {
  readonly userList: string[];
  readonly userCount: number;
  readonly next?: string;
}

describe("/user/list", () => {
  test("names who is online, on one platform, on all, in a room, in either spelling", async () => {
    const asked: [query: string, users: string[]][] = [
      ["?appPlatform=101", ["ann"]],
      ["?appID=102", ["bob"]],
      ["?appPlatform=103", []],
      ["?appPlatform=0", ["ann", "bob"]],
      ["", ["ann", "bob"]],
      ["?room=room:102", ["bob"]],
      ["?room=room:nobody", []],
    ];
    for (const [query, users] of asked) {
      const { code, msg, data } = await prim.get<UserList>(`/user/list${query}`);
      expect([query, code, msg]).toEqual([query, 200, "Success"]);
      expect([query, data]).toEqual([query, { userList: users, userCount: users.length }]);
    }
  });

  test("is paged beyond 1,000 by limit and after", async () => {
    const names = Array.from({ length: 2_300 }, (_, n) => `user-${String(n).padStart(4, "0")}`);
    const clients = await Promise.all(
      names.map((name) => ChatClient.login(prim.webSocketUrl, name, { appPlatform: 104 })),
    );
    const pages: string[][] = [];
    let after: string | undefined;
    do {
      const query = after === undefined ? "" : `&after=${encodeURIComponent(after)}`;
      const { data } = await prim.get<UserList>(`/user/list?appPlatform=104${query}`);
      expect(data.userCount).toBe(2_300);
      pages.push(data.userList);
      after = data.next;
    } while (after !== undefined);
    expect(pages.map(({ length }) => length)).toEqual([1_000, 1_000, 300]);
    expect(pages.flat()).toEqual(names);
    const few = await prim.get<UserList>("/user/list?appPlatform=104&limit=3&after=user-1999");
    expect(few.data).toEqual({
      userList: ["user-2000", "user-2001", "user-2002"],
      userCount: 2_300,
      next: "user-2002",
    });
    await Promise.all(clients.map((client) => client.close()));
  });
});

describe("/user/online", () => {
  test("answers in the spelling it was asked in", async () => {
    expect(await prim.get("/user/online?appPlatform=101&userId=ann")).toEqual({
      code: 200,
      msg: "Success",
      data: { userId: "ann", online: true },
    });
    expect(await prim.get("/user/online?appID=102&userID=ann")).toEqual({
      code: 200,
      msg: "Success",
      data: { userID: "ann", online: false },
    });
    expect((await prim.get("/user/online?userId=bob")).data).toEqual({ userId: "bob", online: true });
  });
});

describe("/user/sendMessage", () => {
  test("pushes to the user on every platform, from a form or JSON", async () => {
    const phone = await ChatClient.login(prim.webSocketUrl, "ann", { appPlatform: 103 });
    const mail = { appPlatform: 101, userId: "ann", from: "shop" };
    for (const [msgId, json] of [
      ["m1", false],
      ["m2", true],
    ] as const) {
      const answer = await prim.post("/user/sendMessage", { ...mail, msgId, message: `by ${msgId}` }, json);
      expect(answer).toMatchObject({ code: 200, data: { sendResults: true, channel: "inbox:ann" } });
      for (const client of [ann, phone]) {
        expect((await client.push("msg")).data).toMatchObject({
          msg: `by ${msgId}`,
          from: "shop",
          target: "ann",
        });
      }
    }
    await phone.close();
  });

  test("waits in the inbox of who is away, and has media fields", async () => {
    const img = { userId: "away", type: "img", url: "/a.png", msg: "look" };
    expect((await prim.post("/user/sendMessage", img, true)).code).toBe(200);
    const away = await ChatClient.login(prim.webSocketUrl, "away");
    const page = await away.ok("history", { channel: "inbox:away" });
    expect(page.messages as object[]).toMatchObject([
      { type: "img", url: "/a.png", msg: "look", from: "system" },
    ]);
    await away.close();
  });

  test("the reference spelling is answered in it; a repeat with {}", async () => {
    const mail = { appID: 101, userID: "ann", msgID: "ref-1", message: "hello" };
    expect(await prim.post("/user/sendMessage", mail)).toEqual({
      code: 200,
      msg: "Success",
      data: { sendResults: true },
    });
    expect(await prim.post("/user/sendMessage", mail)).toEqual({ code: 200, msg: "Success", data: {} });
    await ann.push("msg", ({ msg }) => msg === "hello");
    await ann.settle();
    expect(ann.messages.filter(({ msg }) => msg === "hello").length).toBe(1);
  });
});

describe("/user/sendMessageAll", () => {
  test("reaches one platform, or everybody, once", async () => {
    const one = { appPlatform: 102, userId: "shop", msgId: "all-1", message: "to platform 102" };
    for (const json of [false, true]) {
      const answer = await prim.post("/user/sendMessageAll", one, json);
      expect(answer.data).toMatchObject({ sendResults: true, repeated: json, channel: "room:102" });
    }
    await prim.post("/user/sendMessageAll", { msgId: "all-2", message: "to everybody" });
    for (const client of [ann, bob]) await client.push("msg", ({ msg }) => msg === "to everybody");
    await bob.settle();
    expect(bob.messages.map(({ msg, channel }) => [msg, channel])).toEqual([
      ["to platform 102", "room:102"],
      ["to everybody", "all"],
    ]);
    expect(ann.messages.some(({ msg }) => msg === "to platform 102")).toBe(false);
  });

  test("the reference spelling leaves the sender out", async () => {
    const carl = await ChatClient.login(prim.webSocketUrl, "carl", { format: "reference", appPlatform: 103 });
    const dora = await ChatClient.login(prim.webSocketUrl, "dora", { format: "reference", appPlatform: 103 });
    const mail = { appID: 103, userID: "carl", msgID: "ref-all", message: "to the others" };
    expect((await prim.post("/user/sendMessageAll", mail)).data).toEqual({ sendResults: true });
    expect((await prim.post("/user/sendMessageAll", mail)).data).toEqual({});
    expect((await dora.push("msg")).data).toMatchObject({ msg: "to the others", from: "carl" });
    await carl.settle();
    expect(carl.messages).toEqual([]);
    await Promise.all([carl.close(), dora.close()]);
  });
});

describe("/system/state", () => {
  test("has the numbers, and with isDebug the lists; the reference's keys too", async () => {
    const { code, data } = await prim.get("/system/state");
    expect(code).toBe(200);
    expect(data).toMatchObject({
      numCPU: expect.any(Number),
      numGoroutine: expect.any(Number),
      managerInfo: { clientsLen: 2, usersLen: 2, chanLoginLen: 0 },
      connections: 2,
      sessions: 2,
      users: 2,
      rooms: 2,
      memory: { rssBytes: expect.any(Number) },
      eventLoopLagMs: { p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) },
      cpuCount: expect.any(Number),
      uptimeSeconds: expect.any(Number),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      draining: false,
    });
    expect(data).not.toHaveProperty("sessionList");
    const debug = await prim.get("/system/state?isDebug=true");
    expect(debug.data).toMatchObject({
      managerInfo: { users: ["101_ann", "102_bob"], clients: [expect.any(String), expect.any(String)] },
      sessionList: [{ userId: "ann", appPlatform: 101 }, { userId: "bob" }],
      roomList: [
        { channel: "room:101", members: 1 },
        { channel: "room:102", members: 1 },
      ],
    });
  });
});

describe("the rest", () => {
  test("a browser's preflight is allowed", async () => {
    const headers = {
      origin: "https://example.com",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const preflight = await fetch(`${prim.httpUrl}/user/sendMessage`, { method: "OPTIONS", headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
    expect(preflight.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("content-type");
    const answer = await fetch(`${prim.httpUrl}/user/list`, { headers: { origin: "https://example.com" } });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("only listed origins are allowed where there is a list", async () => {
    const args = ["--http-cors-origins", "https://chat.example.com"];
    const strict = await PrimProcess.start({ dataDir: "none", args });
    try {
      const allowed = async (origin: string) => {
        const { headers } = await fetch(`${strict.httpUrl}/user/list`, { headers: { origin } });
        return headers.get("access-control-allow-origin");
      };
      expect(await allowed("https://chat.example.com")).toBe("https://chat.example.com");
      expect(await allowed("https://example.com")).toBeNull();
    } finally {
      await strict.stop();
    }
  });

  test("each request has a line in the access log with its timing, and no text of a user", async () => {
    await prim.post("/user/sendMessage", { userId: "ann", message: "a-secret-text" });
    const line = await prim.line("stderr", (text) => text.includes("/user/sendMessage"), "the access log");
    expect(JSON.parse(line)).toMatchObject({
      level: "info",
      msg: "http request",
      method: "POST",
      path: "/user/sendMessage",
      status: 200,
      ms: expect.any(Number),
    });
    expect(prim.stderr.join("\n")).not.toContain("a-secret-text");
  });

  test("/metrics counts what happened", async () => {
    const names = [
      "prim_connections",
      "prim_sessions",
      "prim_users",
      "prim_frames_received_total",
      "prim_frames_published_total",
      "prim_deliveries_total",
      "prim_messages_stored_total",
    ];
    for (const name of names) expect([name, (await prim.metric(name)) > 0]).toEqual([name, true]);
    const before = await prim.metric("prim_messages_stored_total");
    await ann.ok("send", { channel: "room:101", msg: "one more" });
    expect(await prim.metric("prim_messages_stored_total")).toBe(before + 1);
  });

  test("unknown routes and methods are answered 404 with code 1010", async () => {
    for (const [method, path] of [
      ["GET", "/nowhere"],
      ["POST", "/user/list"],
      ["DELETE", "/user/online"],
      ["GET", "/user"],
    ] as const) {
      const response = await fetch(prim.httpUrl + path, { method });
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.json()).toMatchObject({ code: 1010, data: {} });
    }
  });

  test("/ leads to the page, and the page is HTML", async () => {
    const response = await fetch(prim.httpUrl);
    expect(response.url).toBe(`${prim.httpUrl}/home/index`);
    expect(response.headers.get("content-type")).toContain("text/html");
    expect(await response.text()).toContain("<html");
    expect((await prim.get("/home/settings")).data).toMatchObject({ guest: true });
  });
});

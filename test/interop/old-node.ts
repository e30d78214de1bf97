/**
 * OldNode: a node of the reference system, small, for tests: its keys in Redis, its AccServer, its WebSocket and its HTTP routes
 * as the facts about that system have them. It is written from those facts and shares no code with prim.
 */
import { randomUUID } from "node:crypto";
import type { Server, ServerWebSocket } from "bun";
import { Redis } from "ioredis";
import { type AccAnswer, type AccMethod, type AccRequest, AccServer, callAcc } from "./acc-server.ts";
import { isOnline, readRecord, readServers, SERVERS_KEY, writeRecord } from "./old-records.ts";

interface Login {
  appID: number;
  userID: string;
}
type Socket = ServerWebSocket<{ login?: Login }>;

export class OldNode {
  readonly redis: Redis;
  /** Requests that other nodes made, in their order. */
  readonly heard: { readonly method: AccMethod; readonly request: AccRequest }[] = [];
  /** Calls to other nodes that were answered, or failed to be. */
  readonly told: Partial<AccRequest>[] = [];
  /** Calls to other nodes that failed. */
  readonly failures: string[] = [];
  /** True: calls of other nodes get no answer. */
  hangs = false;
  readonly #users = new Map<string, Socket>();
  #acc: AccServer | undefined;
  #web: Server<{ login?: Login }> | undefined;
  #isDead = false;

  private constructor(redisPort: number) {
    this.redis = new Redis({ port: redisPort, host: "127.0.0.1" });
  }

  /** @param port for AccServer; 0 for any. */
  static async start(redisPort: number, port = 0): Promise<OldNode> {
    const node = new OldNode(redisPort);
    node.#acc = await AccServer.listen(
      {
        QueryUsersOnline: (request) => node.#answer("QueryUsersOnline", request),
        SendMsg: (request) => node.#answer("SendMsg", request),
        SendMsgAll: (request) => node.#answer("SendMsgAll", request),
        GetUserList: (request) => node.#answer("GetUserList", request),
      },
      port,
    );
    node.#web = node.#listen();
    await node.register();
    return node;
  }

  get webSocketUrl(): string {
    return `ws://127.0.0.1:${this.#web?.port}/acc`;
  }

  /** ip:rpcPort. */
  get address(): string {
    return `127.0.0.1:${this.#acc?.port}`;
  }

  /** What its task does once a minute. */
  async register(): Promise<void> {
    await this.redis.hset(SERVERS_KEY, this.address, now());
    await this.redis.expire(SERVERS_KEY, 7_200);
  }

  /** In order: its field goes, its users' connections end, and it says so. */
  async stop(): Promise<void> {
    if (this.#isDead) return;
    await this.redis.hdel(SERVERS_KEY, this.address);
    for (const socket of [...this.#users.values()]) await this.#logout(socket);
    this.kill();
  }

  /** Without a word: what it wrote in Redis stays. */
  kill(): void {
    this.#isDead = true;
    this.#acc?.kill();
    void this.#web?.stop(true);
    this.redis.disconnect();
  }

  /** What a back end asks over HTTP. */
  async get<Data>(path: string): Promise<Data> {
    const answer = await (await fetch(`http://127.0.0.1:${this.#web?.port}${path}`)).json();
    return (answer as { data: Data }).data;
  }

  async post<Data>(path: string, form: Readonly<Record<string, string>>): Promise<Data> {
    const request = { method: "POST", body: new URLSearchParams(form) };
    const answer = await (await fetch(`http://127.0.0.1:${this.#web?.port}${path}`, request)).json();
    return (answer as { data: Data }).data;
  }

  #listen(): Server<{ login?: Login }> {
    return Bun.serve<{ login?: Login }>({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request, server) => {
        const url = new URL(request.url);
        if (url.pathname === "/acc") {
          return server.upgrade(request, { data: {} }) ? undefined : new Response("", { status: 404 });
        }
        const fields = request.method === "POST" ? await request.formData() : url.searchParams;
        const data = await this.#route(url.pathname, (name) => String(fields.get(name) ?? ""));
        return Response.json({ code: 200, msg: "Success", data });
      },
      websocket: {
        message: (socket, text) => this.#unlessDead(this.#take(socket, JSON.parse(String(text)))),
        close: (socket) => this.#unlessDead(this.#logout(socket)),
      },
    });
  }

  /** Who is killed finishes nothing. */
  #unlessDead(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#isDead) throw error;
    });
  }

  async #route(path: string, field: (name: string) => string): Promise<object> {
    const [appID, userID, msgID] = [Number(field("appID")), field("userID"), field("msgID")];
    if (path === "/user/online") return { userID, online: await this.#checkOnline(appID, userID) };
    if (path === "/user/list") {
      const userList = await this.#listAll(appID);
      return { userList, userCount: userList.length };
    }
    if ((await this.redis.setnx(`acc:submit:again:seq:${msgID}`, "1")) === 0) return {};
    await this.redis.expire(`acc:submit:again:seq:${msgID}`, 43_200);
    if (path === "/user/sendMessageAll") {
      await this.#sendAll(appID, userID, msgID, "msg", field("message"));
      return { sendResults: true };
    }
    return { sendResults: await this.#sendTo(appID, userID, msgID, field("message")) };
  }

  async #take(socket: Socket, { seq, cmd, data }: { seq: string; cmd: string; data: Login }): Promise<void> {
    const answer = (code: number) =>
      socket.send(JSON.stringify({ seq, cmd, response: { code, codeMsg: "Success", data: null } }));
    if (cmd === "ping") answer(200);
    if (cmd === "heartbeat") {
      const { login } = socket.data;
      const record = login && (await readRecord(this.redis, login.appID, login.userID));
      if (record === undefined) return void answer(1000);
      await writeRecord(this.redis, { ...record, heartbeatTime: now(), isLogoff: false });
      answer(200);
    }
    if (cmd !== "login") return;
    const { appID, userID } = data;
    const [accIp = "", accPort = ""] = this.address.split(":");
    await writeRecord(this.redis, {
      ...{ accIp, accPort, appID, userID, clientIp: socket.remoteAddress, clientPort: "" },
      ...{ loginTime: now(), heartbeatTime: now(), logOutTime: 0, qua: "", deviceInfo: "", isLogoff: false },
    });
    socket.data.login = { appID, userID };
    this.#users.set(`${appID}_${userID}`, socket);
    answer(200);
    await this.#sendAll(appID, userID, randomUUID(), "enter", "哈喽~");
  }

  async #logout(socket: Socket): Promise<void> {
    const { login } = socket.data;
    if (login === undefined || this.#isDead) return;
    const { appID, userID } = login;
    if (this.#users.get(`${appID}_${userID}`) !== socket) return;
    this.#users.delete(`${appID}_${userID}`);
    // Whoever's record it is by now: so it is in the reference system.
    const record = await readRecord(this.redis, appID, userID);
    if (record !== undefined) {
      await writeRecord(this.redis, { ...record, logOutTime: now(), isLogoff: true });
    }
    await this.#sendAll(appID, userID, randomUUID(), "exit", "用户已经离开~");
  }

  async #sendAll(appID: number, userID: string, seq: string, cms: string, msg: string): Promise<void> {
    for (const server of await readServers(this.redis, now())) {
      if (server === this.address) this.#pushAll(appID, userID, seq, cms, msg);
      else await this.#call(server, "SendMsgAll", { seq, appID, userID, cms, msg });
    }
  }

  async #sendTo(appID: number, userID: string, seq: string, msg: string): Promise<boolean> {
    if (this.#users.has(`${appID}_${userID}`)) return this.#push(appID, userID, seq, "msg", msg);
    const record = await readRecord(this.redis, appID, userID);
    if (record === undefined || !isOnline(record, now())) return false;
    const server = `${record.accIp}:${record.accPort}`;
    const request = { seq, appID, userID, cms: "msg", type: "msg", msg, isLocal: false };
    return (await this.#call(server, "SendMsg", request))?.retCode === 200;
  }

  async #listAll(appID: number): Promise<string[]> {
    const users: string[] = [];
    for (const server of await readServers(this.redis, now())) {
      if (server === this.address) users.push(...this.#usersOf(appID));
      else users.push(...((await this.#call(server, "GetUserList", { appID }))?.userID ?? []));
    }
    return users;
  }

  async #checkOnline(appID: number, userID: string): Promise<boolean> {
    const appIDs = appID === 0 ? [101, 102, 103, 104] : [appID];
    const records = await Promise.all(appIDs.map((each) => readRecord(this.redis, each, userID)));
    return records.some((record) => record !== undefined && isOnline(record, now()));
  }

  async #call(
    server: string,
    method: AccMethod,
    request: Partial<AccRequest>,
  ): Promise<AccAnswer | undefined> {
    try {
      const answer = await callAcc(server, method, request);
      if (answer.retCode !== 200) this.failures.push(`${method} ${server}: ${JSON.stringify(answer)}`);
      return answer;
    } catch (error) {
      this.failures.push(`${method} ${server}: ${error}`);
      return undefined;
    } finally {
      this.told.push(request);
    }
  }

  async #answer(method: AccMethod, request: AccRequest): Promise<AccAnswer> {
    this.heard.push({ method, request });
    if (this.hangs) return new Promise<never>(() => {});
    const { appID, userID, seq, cms, msg } = request;
    switch (method) {
      case "QueryUsersOnline":
        return { retCode: 200, online: await this.#checkOnline(appID, userID) };
      case "GetUserList":
        return { retCode: 200, userID: this.#usersOf(appID) };
      case "SendMsgAll":
        this.#pushAll(appID, userID, seq, cms, msg);
        return { retCode: 200 };
      case "SendMsg":
        if (request.isLocal) return { retCode: 1001 };
        return { retCode: this.#push(appID, userID, seq, cms, msg) ? 200 : 1004 };
    }
  }

  #usersOf(appID: number): string[] {
    return [...this.#users.values()].flatMap(({ data: { login } }) =>
      login?.appID === appID ? [login.userID] : [],
    );
  }

  #pushAll(appID: number, from: string, seq: string, cms: string, msg: string): void {
    for (const socket of this.#users.values()) {
      const { login } = socket.data;
      if (login?.appID === appID && login.userID !== from) socket.send(pushOf(from, seq, cms, msg));
    }
  }

  /** The recipient's own name stands for the sender. */
  #push(appID: number, userID: string, seq: string, cms: string, msg: string): boolean {
    const socket = this.#users.get(`${appID}_${userID}`);
    socket?.send(pushOf(userID, seq, cms, msg));
    return socket !== undefined;
  }
}

function pushOf(from: string, seq: string, cmd: string, msg: string): string {
  const data = { target: "", type: "text", msg, from };
  return JSON.stringify({ seq, cmd, response: { code: 200, codeMsg: "Ok", data } });
}

function now(): number {
  return Math.floor(Date.now() / 1_000);
}

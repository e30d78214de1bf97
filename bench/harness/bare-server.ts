/**
 * Bare `Bun.serve` doing what prim is measured doing, and nothing else: the bar that prim's
 * figures are held against. One mode per kind of work; it ends when its stdin does.
 *
 *   bun bench/harness/bare-server.ts --mode idle|member|login|publish|rooms|echo|answer --frame-bytes N --room-size N
 */
import { parseArgs } from "node:util";
import type { ServerWebSocket, WebSocketHandler } from "bun";

type Socket = ServerWebSocket<{ userId: string; appPlatform: number; room: string }>;
type Mode = "idle" | "member" | "login" | "publish" | "rooms" | "echo" | "answer";

const { values } = parseArgs({
  options: {
    mode: { type: "string", default: "idle" },
    "frame-bytes": { type: "string", default: "100" },
    "room-size": { type: "string", default: "10" },
  },
});
const ROOM = "room:101|j";
const frame = "x".repeat(Number(values["frame-bytes"]));
const loginAnswer = '{"seq":"","action":"login","response":{"code":200,"codeMsg":"Success","data":null}}';
const sendAnswer = '{"seq":"","action":"send","response":{"code":200,"codeMsg":"Success","data":null}}';

/** Frames that the send load can tell apart, with a seq of 20 characters. */
const seq = "0".repeat(20);
const roomAnswer = `{"seq":"${seq}","action":"send","response":{"code":200,"codeMsg":"Success","data":null}}`;
const roomFrame = `{"seq":"${seq}","action":"msg","x":"`.padEnd(frame.length, "x");
const roomSize = Number(values["room-size"]);

const MODES: Record<Mode, Partial<WebSocketHandler<Socket["data"]>>> = {
  /** Memory: a connection and nothing on it. */
  idle: {},
  /** Memory: a connection that is a member of a room, an inbox of its own, and the broadcast. */
  member: { open: (ws: Socket) => subscribeAll(ws) },
  /** Login: any message makes a member of the connection, and is answered. */
  login: {
    message: (ws: Socket) => {
      subscribeAll(ws);
      ws.send(loginAnswer);
    },
  },
  /** Fan-out: each message is published to the room as a frame of a fixed size, the sender is answered. */
  publish: {
    open: (ws: Socket) => void ws.subscribe(ROOM),
    message: (ws: Socket) => {
      server.publish(ROOM, frame);
      ws.send(sendAnswer);
    },
  },
  /** Send: the same with many rooms of one size, into which the connections are dealt. */
  rooms: {
    open: (ws: Socket) => void ws.subscribe(ws.data.room),
    message: (ws: Socket) => {
      server.publish(ws.data.room, roomFrame);
      ws.send(roomAnswer);
    },
  },
  /** Echo: the message itself. */
  echo: { message: (ws: Socket, message) => void ws.send(message) },
  /** Echo with an answer of a fixed size, since prim's answer to a ping is longer than the ping. */
  answer: { message: (ws: Socket) => void ws.send(frame) },
};

function subscribeAll(ws: Socket): void {
  ws.subscribe(ROOM);
  ws.subscribe(`inbox:${ws.data.userId}|j`);
  ws.subscribe("all|j");
}

let users = 0;
const server = Bun.serve<Socket["data"]>({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, self) {
    const room = `${Math.floor(users / roomSize)}|j`;
    const data = { userId: `user${users++}`, appPlatform: 101, room };
    return self.upgrade(request, { data }) ? undefined : new Response("WebSocket only", { status: 426 });
  },
  websocket: {
    message: () => undefined,
    // As in prim.
    idleTimeout: 360,
    backpressureLimit: 1024 * 1024,
    closeOnBackpressureLimit: true,
    ...MODES[values.mode as Mode],
  },
});
console.log(`bare: listening websocket=ws://127.0.0.1:${server.port}/acc`);

for await (const _ of Bun.stdin.stream()) {
  // Nothing is said on it; its end is the end of the bench.
}
process.exit(0);

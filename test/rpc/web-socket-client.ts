/**
 * A logged-in WebSocket with JSON frames, for tests.
 */
import { eventually } from "./prim-process.ts";

export interface WebSocketMessage {
  readonly id: string;
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly msg: string;
}

interface Frame {
  readonly action: string;
  readonly response: { readonly code: number; readonly codeMsg: string; readonly data: WebSocketMessage };
}

export interface WebSocketClient extends AsyncDisposable {
  send(frame: object): void;
  /** Pushed messages. */
  messages(): WebSocketMessage[];
  /** The actions of all pushes, in order. */
  actions(): string[];
  /** Waits for what has come. */
  until(condition: (messages: readonly WebSocketMessage[]) => boolean): Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Connects, with further headers or certificates if need be, and logs in on the web platform. */
export async function openWebSocket(
  url: string,
  userId: string,
  options: Bun.WebSocketOptions = {},
): Promise<WebSocketClient> {
  // The runtime takes options where browsers take protocols; the types are those of browsers.
  const socket = new WebSocket(url, options as unknown as string[]);
  const frames: Frame[] = [];
  const login = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(String(data)) as Frame;
    frames.push(frame);
    if (frame.action === "login") login.resolve();
  };
  socket.onclose = ({ code, reason }) => {
    closed.resolve({ code, reason });
    login.reject(new Error(`Closed before the login: ${code}`));
  };
  socket.onopen = () =>
    socket.send(JSON.stringify({ seq: "login", action: "login", data: { userId, appPlatform: 101 } }));
  await login.promise;
  const pushes = () => frames.filter(({ response }) => response.codeMsg === "Ok");
  const messages = () =>
    pushes()
      .filter(({ action }) => action === "msg")
      .map(({ response }) => response.data);
  return {
    send: (frame) => socket.send(JSON.stringify(frame)),
    messages,
    until: (condition) => eventually(() => condition(messages())),
    actions: () => pushes().map(({ action }) => action),
    closed: closed.promise,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await closed.promise;
    },
  };
}

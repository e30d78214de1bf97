/**
 * A logged-in WebSocket with JSON frames, for tests.
 */

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
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Connects and logs in on the web platform. */
export async function openWebSocket(url: string, userId: string): Promise<WebSocketClient> {
  const socket = new WebSocket(url);
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
  return {
    send: (frame) => socket.send(JSON.stringify(frame)),
    messages: () =>
      pushes()
        .filter(({ action }) => action === "msg")
        .map(({ response }) => response.data),
    actions: () => pushes().map(({ action }) => action),
    closed: closed.promise,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await closed.promise;
    },
  };
}

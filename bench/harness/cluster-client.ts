/**
 * ClusterClient: a member of one room on a chosen node, for measuring. It reads no more of a frame than its kind and whose it is.
 */
const OPEN_MS_MAX = 10_000;
const ANSWER_OK = '"code":200';

export class ClusterClient {
  /** Called for each message of the room, with its text. */
  onMessage: (text: string) => void = () => {};
  /** Called for each answer to a send. */
  onAnswer: () => void = () => {};
  messages = 0;
  readonly #socket: WebSocket;
  #sent = 0;
  #settle: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Logs in and joins the room. */
  static async open(url: string, userId: string, room: string): Promise<ClusterClient> {
    const socket = new WebSocket(url);
    const client = new ClusterClient(socket);
    const failed = new Promise<never>((_, reject) => {
      socket.onclose = () => reject(new Error(`Connection has ended: "${url}"`));
      setTimeout(() => reject(new Error(`No login within ${OPEN_MS_MAX} ms`)), OPEN_MS_MAX).unref();
    });
    failed.catch(() => {}); // Whoever measures sees that nothing arrives.
    const answered = () => Promise.race([new Promise<void>((resolve) => (client.#settle = resolve)), failed]);
    socket.onmessage = ({ data }) => client.#take(String(data));
    await Promise.race([new Promise((resolve) => (socket.onopen = resolve)), failed]);
    client.#ask("login", { userId, appPlatform: 101 });
    await answered();
    client.#ask("join", { channel: room });
    await answered();
    return client;
  }

  send(room: string, msg: string): void {
    this.#ask("send", { channel: room, msg });
  }

  close(): void {
    this.#socket.onclose = null;
    this.#socket.close();
  }

  #ask(action: string, data: object): void {
    this.#sent += 1;
    this.#socket.send(JSON.stringify({ seq: String(this.#sent), action, data }));
  }

  #take(frame: string): void {
    if (frame.includes('"action":"msg"')) {
      this.messages += 1;
      this.onMessage(/"msg":"([^"]*)"/.exec(frame)?.[1] ?? "");
    } else if (frame.includes('"action":"send"')) {
      if (!frame.includes(ANSWER_OK)) throw new Error(`Send was refused: ${frame}`);
      this.onAnswer();
    } else if (frame.includes('"action":"join"') || frame.includes('"action":"login"')) {
      this.#settle?.();
    }
  }
}

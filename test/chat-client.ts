/**
 * A chat client for tests, over the runtime's WebSocket, in any of the three spellings.
 */
import { within } from "./deadline.ts";
import { type FrameData, readFrame, type WireFormat, type WireFrame, writeFrame } from "./wire-frame.ts";

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

interface Waiting {
  readonly wanted: (frame: WireFrame) => boolean;
  readonly resolve: (frame: WireFrame) => void;
}

let clients = 0;

export class ChatClient {
  readonly format: WireFormat;
  readonly closed: Promise<Closing>;
  /** All that ever came, as it came. */
  readonly raw: (string | Uint8Array)[] = [];
  /** The data of all messages that were pushed. */
  readonly messages: FrameData[] = [];
  /** Pushes that are no messages. */
  readonly events: WireFrame[] = [];
  keepsRaw = false;
  readonly #socket: WebSocket;
  readonly #name: number;
  #unread: WireFrame[] = [];
  #waiting: Waiting[] = [];
  #checks: (() => void)[] = [];
  #seq = 0;

  private constructor(url: string, format: WireFormat) {
    clients += 1;
    this.#name = clients;
    this.format = format;
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => this.#take(typeof data === "string" ? data : new Uint8Array(data));
    this.closed = new Promise((resolve) => {
      this.#socket.onclose = ({ code, reason }) => resolve({ code, reason });
    });
  }

  static async connect(url: string, format: WireFormat = "json"): Promise<ChatClient> {
    const client = new ChatClient(url, format);
    const open = new Promise<void>((resolve, reject) => {
      client.#socket.onopen = () => resolve();
      client.#socket.onerror = () => reject(new Error(`Cannot connect to ${url}`));
    });
    await within(open, `a connection to ${url}`);
    return client;
  }

  /** Connects and logs in. */
  static async login(
    url: string,
    userId: string,
    options: { readonly appPlatform?: number; readonly format?: WireFormat; readonly more?: object } = {},
  ): Promise<ChatClient> {
    const client = await ChatClient.connect(url, options.format);
    await client.ok("login", { userId, appPlatform: options.appPlatform ?? 101, ...options.more });
    return client;
  }

  nextSeq(): string {
    this.#seq += 1;
    return `${this.#name}-${this.#seq}`;
  }

  /** Sends what was made elsewhere, unread. */
  sendRaw(frame: string | Uint8Array): void {
    this.#socket.send(frame as string);
  }

  /** @returns the seq. */
  send(action: string, data: object = {}, seq: string = this.nextSeq()): string {
    this.sendRaw(writeFrame(this.format, seq, action, data));
    return seq;
  }

  /** The first frame not yet read that is wanted, now or when it comes. */
  next(wanted: (frame: WireFrame) => boolean, what = "a frame", deadlineMs?: number): Promise<WireFrame> {
    const index = this.#unread.findIndex(wanted);
    const [found] = index < 0 ? [] : this.#unread.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found);
    const coming = new Promise<WireFrame>((resolve) => this.#waiting.push({ wanted, resolve }));
    return within(coming, () => `${what}; unread: ${JSON.stringify(this.#unread.slice(-5))}`, deadlineMs);
  }

  /** The answer to a request. */
  answer(seq: string): Promise<WireFrame> {
    return this.next((frame) => !frame.isPush && frame.seq === seq, `the answer to "${seq}"`);
  }

  push(action: string, also: (data: FrameData) => boolean = () => true): Promise<WireFrame> {
    return this.next(
      (frame) => frame.isPush && frame.action === action && also(frame.data),
      `a push "${action}"`,
    );
  }

  request(action: string, data: object = {}, seq?: string): Promise<WireFrame> {
    return this.answer(this.send(action, data, seq));
  }

  /** A request that must succeed. @returns the data of the answer. */
  async ok(action: string, data: object = {}, seq?: string): Promise<FrameData> {
    const { code, codeMsg, data: answered } = await this.request(action, data, seq);
    if (code !== 200) throw new Error(`"${action}" was answered ${code}: ${codeMsg}`);
    return answered;
  }

  /** Waits until something is so, looking at each frame that comes. */
  until(isSo: () => boolean, what: string, deadlineMs?: number): Promise<void> {
    if (isSo()) return Promise.resolve();
    let check = () => {};
    const coming = new Promise<void>((resolve) => {
      check = () => {
        if (isSo()) resolve();
      };
      this.#checks.push(check);
    });
    const state = () =>
      `${what}; ${this.messages.length} messages, unread ${JSON.stringify(this.#unread.slice(-3))}`;
    return within(coming, state, deadlineMs).finally(() => {
      this.#checks = this.#checks.filter((other) => other !== check);
    });
  }

  /** Everything that the server had sent this client by now has arrived. */
  async settle(): Promise<void> {
    await this.request("ping");
  }

  /** The answers and pushes nobody has asked for yet. */
  get unread(): readonly WireFrame[] {
    return this.#unread;
  }

  messagesIn(channel: string): FrameData[] {
    return this.messages.filter((message) => message.channel === channel);
  }

  async close(): Promise<void> {
    this.#socket.close();
    await within(this.closed, "the client to be closed");
  }

  /** Ends the connection without a word. */
  terminate(): void {
    (this.#socket as unknown as { terminate(): void }).terminate();
  }

  #take(raw: string | Uint8Array): void {
    if (this.keepsRaw) this.raw.push(raw);
    const frame = readFrame(raw);
    if (frame.isPush && frame.action === "msg") this.messages.push(frame.data);
    else if (frame.isPush) this.events.push(frame);
    const index = this.#waiting.findIndex(({ wanted }) => wanted(frame));
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiting !== undefined) waiting.resolve(frame);
    else if (!(frame.isPush && frame.action === "msg") || this.#unread.length < 5_000)
      this.#unread.push(frame);
    for (const check of this.#checks) check();
  }
}

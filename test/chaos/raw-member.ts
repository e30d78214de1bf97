/**
 * RawMember: a member on a bare WebSocket, written after PROTOCOL.md: it reconnects with its positions, asks again what was not
 * answered, and takes code 1013 as it is. It drops nothing: what is pushed twice, it hears twice.
 */
import { readFrame, type WireFormat, type WireFrame, writeFrame } from "../wire-frame.ts";
import type { Ledger, Place } from "./ledger.ts";
import type { Member, MemberOptions } from "./member.ts";

const OPEN_MS_MAX = 2_500;
const PING_PERIOD_MS = 1_500;
/** Without a word for so long the link counts as dead. */
const SILENCE_MS_MAX = 3_500;
const RETRY_MS_MAX = 600;
const START_MS_MAX = 30_000;
const UNAVAILABLE = 1013;
const SUCCESS = 200;

interface Unanswered {
  readonly room: string;
  readonly key: string;
}

export class RawMember implements Member {
  readonly name: string;
  readonly rooms: readonly string[];
  logins = 0;
  readonly #url: string;
  readonly #appPlatform: number;
  readonly #format: WireFormat;
  readonly #ledger: Ledger;
  /** Sends by seq. */
  readonly #waiting = new Map<string, Unanswered>();
  readonly #epochs = new Map<string, string>();
  #socket: WebSocket | undefined;
  #isOnline = false;
  #heardAt = 0;
  #seqs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #onOnline = () => {};
  /** Joins of the first login that have no answer yet. */
  #joining = 0;

  constructor({ name, url, appPlatform, rooms, binary }: MemberOptions, ledger: Ledger) {
    this.name = name;
    this.rooms = rooms;
    this.#url = url;
    this.#appPlatform = appPlatform;
    this.#format = binary ? "protobuf" : "json";
    this.#ledger = ledger;
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  get unanswered(): number {
    return this.#waiting.size;
  }

  async start(): Promise<void> {
    const late = setTimeout(() => this.#ledger.fault(`${this.name} can't log in`), START_MS_MAX);
    await new Promise<void>((resolve) => {
      this.#onOnline = resolve;
      this.#connect();
    });
    clearTimeout(late);
  }

  send(room: string, key: string): void {
    this.#seqs += 1;
    const seq = `${this.name}-${this.#seqs}`;
    this.#ledger.sent(key);
    this.#waiting.set(seq, { room, key });
    if (this.#isOnline) this.#say(seq, "send", { channel: room, msg: key });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #connect(): void {
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#heardAt = performance.now();
    this.#watch(OPEN_MS_MAX);
    socket.onopen = () => {
      const positions = [...this.#epochs].map(([channel, epoch]) => ({
        ...{ channel, epoch },
        offset: this.#ledger.cursor(this.name, channel),
      }));
      this.#say("login", "login", { userId: this.name, appPlatform: this.#appPlatform, positions });
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#heardAt = performance.now();
      this.#take(readFrame(typeof data === "string" ? data : new Uint8Array(data)));
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#retry();
    };
  }

  #watch(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const isSilent = performance.now() - this.#heardAt > SILENCE_MS_MAX;
      if (!this.#isOnline || isSilent) {
        this.#retry();
        return;
      }
      this.#say("ping", "ping", {});
      this.#watch(PING_PERIOD_MS);
    }, afterMs);
  }

  #retry(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isOnline = false;
    (socket as unknown as { terminate(): void } | undefined)?.terminate();
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#connect(), Math.random() * RETRY_MS_MAX);
  }

  #say(seq: string, action: string, data: object): void {
    this.#socket?.send(writeFrame(this.#format, seq, action, data) as string);
  }

  #take(frame: WireFrame): void {
    if (frame.isPush) {
      const { channel: room, epoch, offset, id, msg: key } = frame.data;
      if (frame.action === "msg" && this.rooms.includes(room)) {
        // An empty room had the epoch that its next message was expected to bear, not the one it bears.
        this.#epochs.set(room, epoch);
        this.#ledger.heard(this.name, { room, epoch, offset, id, key });
      } else if (frame.action === "notice" && frame.data.notice === "history_lost") {
        this.#ledger.fault(`history lost: ${this.name} in ${room}`);
      }
    } else if (frame.seq === "login") {
      this.#loggedIn(frame);
    } else if (frame.seq.startsWith("join ")) {
      this.#joined(frame);
    } else {
      // By its seq: a refusal in protobuf does not say of what.
      this.#answered(frame);
    }
  }

  #loggedIn({ code, codeMsg, data }: WireFrame): void {
    if (code !== SUCCESS) {
      if (code !== UNAVAILABLE) this.#ledger.fault(`${this.name} can't log in: ${code} ${codeMsg}`);
      this.#retry();
      return;
    }
    this.logins += 1;
    for (const { channel, epoch, offset, recovered } of data.channels) {
      if (recovered !== false || !this.#epochs.has(channel)) continue;
      const at = this.#ledger.cursor(this.name, channel);
      this.#ledger.fault(`not recovered: ${this.name} in ${channel} at ${at}, answered ${epoch} ${offset}`);
    }
    const missing = this.rooms.filter((room) => !this.#epochs.has(room));
    this.#joining = missing.length;
    for (const room of missing) this.#say(`join ${room}`, "join", { channel: room });
    if (missing.length === 0) this.#online();
  }

  #joined({ seq, code, data }: WireFrame): void {
    if (code !== SUCCESS) {
      this.#retry();
      return;
    }
    const room = seq.slice("join ".length);
    this.#settle(room, data);
    this.#joining -= 1;
    if (this.#joining === 0) this.#online();
  }

  #settle(room: string, { epoch, offset }: Place): void {
    this.#epochs.set(room, epoch);
    this.#ledger.joined(this.name, room, { epoch, offset });
  }

  #online(): void {
    this.#isOnline = true;
    this.#watch(PING_PERIOD_MS);
    for (const [seq, { room, key }] of this.#waiting) this.#say(seq, "send", { channel: room, msg: key });
    this.#onOnline();
  }

  #answered({ seq, code, codeMsg, data }: WireFrame): void {
    const sent = this.#waiting.get(seq);
    if (sent === undefined) return;
    this.#waiting.delete(seq);
    const { room, key } = sent;
    if (code === UNAVAILABLE) this.#ledger.refused(key);
    else if (code !== SUCCESS) this.#ledger.fault(`failed: "${key}" to ${room}: ${code} ${codeMsg}`);
    else this.#ledger.answered({ room, key, epoch: data.epoch, offset: data.offset, id: data.id });
  }
}

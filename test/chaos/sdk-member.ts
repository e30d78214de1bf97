/**
 * SdkMember: a member who uses the SDK as an application does: it sends, hears, and leaves the rest to it.
 */
import { jsonCodec, PrimClient, PrimClientError } from "../../src/client/index.ts";
import { protobufCodec } from "../../src/client/protobuf.ts";
import type { Ledger } from "./ledger.ts";
import type { Member, MemberOptions } from "./member.ts";

/** Short, so that a round of faults needs no minutes. */
const TIMES = {
  ...{ backoffMinMs: 50, backoffMaxMs: 1_000, stableMs: 500 },
  ...{ heartbeatMs: 1_500, deadAfterMs: 2_000, openMsMax: 2_500 },
};
const START_MS_MAX = 30_000;

export class SdkMember implements Member {
  readonly name: string;
  readonly rooms: readonly string[];
  readonly client: PrimClient;
  logins = 0;
  /** The longest time without a login, in milliseconds, and beyond what the SDK had announced to wait. */
  offlineMsMax = 0;
  readonly #ledger: Ledger;
  readonly #appPlatform: number;
  #hasJoined = false;
  #offlineSince: number | undefined;

  constructor({ name, url, appPlatform, rooms, binary }: MemberOptions, ledger: Ledger) {
    this.name = name;
    this.rooms = rooms;
    this.#ledger = ledger;
    this.#appPlatform = appPlatform;
    this.client = new PrimClient({ url, codec: binary ? protobufCodec : jsonCodec, ...TIMES });
    this.client.on("message", ({ channel, epoch, offset, id, msg }) => {
      if (rooms.includes(channel)) ledger.heard(name, { room: channel, epoch, offset, id, key: msg });
    });
    this.client.on("resumed", ({ channel, recovered, epoch, offset }) => {
      if (!recovered) ledger.fault(`not recovered: ${name} in ${channel}, at ${epoch} ${offset}`);
    });
    this.client.on("status", ({ status }) => {
      if (status === "online") {
        this.logins += 1;
        if (this.#offlineSince !== undefined) {
          this.offlineMsMax = Math.max(this.offlineMsMax, performance.now() - this.#offlineSince);
        }
        this.#offlineSince = undefined;
      } else if (status === "offline") {
        this.#offlineSince ??= performance.now();
      }
    });
  }

  get isOnline(): boolean {
    return this.#hasJoined && this.client.status === "online";
  }

  get unanswered(): number {
    return this.client.unsent;
  }

  async start(): Promise<void> {
    const options = { deadlineMs: START_MS_MAX };
    await this.client.login({ userId: this.name, appPlatform: this.#appPlatform }, options);
    await Promise.all(
      this.rooms.map(async (room) => {
        this.#ledger.joined(this.name, room, await this.client.join(room, options));
      }),
    );
    this.#hasJoined = true;
  }

  send(room: string, key: string): void {
    this.#ledger.sent(key);
    this.client.send({ channel: room, msg: key }).then(
      ({ epoch, offset, id }) => this.#ledger.answered({ room, epoch, offset, id, key }),
      (error: unknown) => {
        const isOver = error instanceof PrimClientError && error.reason === "closed";
        if (!isOver) this.#ledger.fault(`failed: send of "${key}" to ${room}: ${String(error)}`);
      },
    );
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

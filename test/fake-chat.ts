/**
 * A whole chat without a wire: the real core over the memory store, with clients that note what reaches them.
 */
import { GuestAuthenticator } from "../src/auth/guest-authenticator.ts";
import type { AppPlatform, ChannelId, NodeId, UserId } from "../src/base/ids.ts";
import { silentLogger } from "../src/base/logger.ts";
import { Announcer } from "../src/core/announcer.ts";
import type { Attendance } from "../src/core/attendance.ts";
import type { Store } from "../src/core/channel-log.ts";
import { Chat } from "../src/core/chat.ts";
import { Delivery } from "../src/core/delivery.ts";
import { Directory, type PeerQuestions } from "../src/core/directory.ts";
import { Hub } from "../src/core/hub.ts";
import { type KickCommand, kick } from "../src/core/kick.ts";
import { Membership } from "../src/core/membership.ts";
import type { ChannelPosition } from "../src/core/message.ts";
import type { Peers } from "../src/core/peers.ts";
import { Publisher } from "../src/core/publisher.ts";
import { Roster } from "../src/core/roster.ts";
import { ServerApi } from "../src/core/server-api.ts";
import type { Session } from "../src/core/session.ts";
import { Signaller } from "../src/core/signaller.ts";
import { MemoryStore } from "../src/storage/memory/memory-store.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeConnection, FakeFanout } from "./fake-connection.ts";

export const web = 101 as AppPlatform;
export const android = 102 as AppPlatform;
export const lobby = "room:101" as ChannelId;

export interface Client {
  readonly session: Session;
  readonly connection: FakeConnection;
}

export interface FakeChatOptions {
  readonly announceMax?: number;
  readonly channelsPerSessionMax?: number;
  readonly countMax?: number;
  /** Wraps the store, to make it slow or broken. */
  readonly wrap?: (store: Store) => Store;
  /** Other nodes; none if undefined. */
  readonly peers?: Peers;
  readonly attendance?: Attendance;
  readonly questions?: PeerQuestions;
}

export class FakeChat {
  readonly clock = new FakeClock();
  readonly hub = new Hub();
  readonly fanout = new FakeFanout();
  readonly store: Store;
  readonly delivery: Delivery;
  readonly publisher: Publisher;
  readonly announcer: Announcer;
  readonly chat: Chat;
  readonly api: ServerApi;
  /** Answers for this node alone. */
  readonly ownDirectory: Directory;

  constructor({
    announceMax = 200,
    channelsPerSessionMax = 8,
    countMax = 1_000,
    wrap,
    peers,
    attendance,
    questions,
  }: FakeChatOptions = {}) {
    const { clock, hub, fanout } = this;
    const memory = new MemoryStore({ clock, countMax, ageMs: 3_600_000 });
    this.store = wrap?.(memory) ?? memory;
    const log = this.store;
    this.delivery = new Delivery({ log, fanout, logger: silentLogger, clock });
    this.publisher = new Publisher(log, this.delivery, peers);
    const signaller = new Signaller({ log, fanout, peers, logger: silentLogger });
    this.announcer = new Announcer({ hub, signaller, attendance, clock, logger: silentLogger }, announceMax);
    const authenticator = new GuestAuthenticator([web, android]);
    const membership = new Membership(hub, this.store, this.delivery, this.announcer);
    const { store, delivery, publisher, announcer } = this;
    this.chat = new Chat(
      { clock, hub, store, authenticator, signaller, delivery, publisher, announcer, membership },
      { nodeId: "node" as NodeId, channelsPerSessionMax },
    );
    const known = {
      roster: new Roster(hub),
      log,
      kick: (command: KickCommand) => kick(this.chat, hub, command),
    };
    this.ownDirectory = new Directory({ ...known, peers: undefined });
    const directory = new Directory({ ...known, peers: questions });
    this.api = new ServerApi({ store, publisher, directory });
  }

  connect(): Client {
    const connection = new FakeConnection(this.fanout);
    return { connection, session: this.chat.connect(connection) };
  }

  /** Connects and logs in; what was missed has been pushed when this resolves. */
  async login(
    userId: string,
    positions: readonly ChannelPosition[] = [],
    appPlatform = web,
  ): Promise<Client> {
    const client = this.connect();
    const command = {
      userId: userId as UserId,
      appPlatform,
      serviceToken: "",
      profile: undefined,
      positions,
    };
    const joined = await this.chat.login(client.session, command);
    await joined.replay();
    return client;
  }

  say({ session }: Client, seq: string, msg: string, channel: ChannelId = lobby) {
    return this.chat.send(session, { to: { channel }, content: { type: "text", msg }, seq });
  }

  tell({ session }: Client, userId: string, seq: string, msg: string) {
    return this.chat.send(session, { to: { userId: userId as UserId }, content: { type: "text", msg }, seq });
  }
}

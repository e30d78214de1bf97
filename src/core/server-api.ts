/**
 * ServerApi: what back ends and operators ask of prim, whichever wire they use: who is online, push this
 * to them. Nobody is logged in here; who may ask is the transport's business.
 */
import { PrimError } from "../base/errors.ts";
import { type AppPlatform, type ChannelId, newMessageId, type UserId } from "../base/ids.ts";
import { MSG_ID_WINDOW_MS } from "../base/limits.ts";
import { BROADCAST, kindOf } from "./channel.ts";
import type { Appended, HistoryPage, HistoryRange, Store } from "./channel-log.ts";
import type { Directory } from "./directory.ts";
import type { Content, Draft } from "./message.ts";
import type { MessageSender } from "./publisher.ts";
import { SYSTEM_USER } from "./user.ts";

/** The platform of messages that come from a back end. */
export const NO_PLATFORM = 0 as AppPlatform;

/** A message from a back end. */
export interface Mail {
  readonly content: Content;
  /** Shown as the sender; SYSTEM_USER if undefined. */
  readonly from?: UserId | undefined;
  /** Platform of `from`, for display; NO_PLATFORM if undefined. */
  readonly appPlatform?: AppPlatform | undefined;
  /** The back end's id for this message: the same one again within 12 hours is not sent twice. Empty for none. */
  readonly msgId: string;
}

export interface ServerApiParts {
  readonly store: Store;
  readonly publisher: MessageSender;
  readonly directory: Directory;
}

export class ServerApi {
  readonly #parts: ServerApiParts;
  #draining = false;

  constructor(parts: ServerApiParts) {
    this.#parts = parts;
  }

  /** Who is where, on all nodes. */
  get directory(): Directory {
    return this.#parts.directory;
  }

  /** From now on messages are refused with `unavailable`. */
  drain(): void {
    this.#draining = true;
  }

  /**
   * Puts a message into a user's inbox; it reaches them now on every platform, or when they are back.
   *
   * @throws {PrimError} `unavailable` if it was not stored; the same msgId may be sent again.
   */
  async sendToUser(userId: UserId, mail: Mail): Promise<Appended> {
    const draft = this.#draft(mail);
    return this.#parts.publisher.publishToUser(userId, draft, MSG_ID_WINDOW_MS, false);
  }

  /** @throws {PrimError} `invalid_argument` if the channel is no room and not the broadcast, `unavailable`. */
  async sendToChannel(channel: ChannelId, mail: Mail): Promise<Appended> {
    if (kindOf(channel) === "inbox") {
      throw new PrimError("invalid_argument", `Cannot send to "${channel}": send to the user instead`);
    }
    return this.#parts.publisher.publish(channel, this.#draft(mail), MSG_ID_WINDOW_MS);
  }

  /** To everybody who is logged in, on every platform. */
  async broadcast(mail: Mail): Promise<Appended> {
    return this.sendToChannel(BROADCAST, mail);
  }

  /** @throws {PrimError} `unavailable`. */
  async history(channel: ChannelId, range: HistoryRange): Promise<HistoryPage> {
    return this.#parts.store.read(channel, range);
  }

  #draft({ content, from, appPlatform, msgId }: Mail): Draft {
    if (this.#draining) {
      throw new PrimError("unavailable", "Cannot send: this node is stopping", { reason: "DRAINING" });
    }
    return {
      ...content,
      id: newMessageId(),
      seq: msgId,
      from: from ?? SYSTEM_USER,
      appPlatform: appPlatform ?? NO_PLATFORM,
    };
  }
}

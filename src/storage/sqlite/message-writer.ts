/**
 * MessageWriter: the one atomic step of an append, within a transaction: recognise a repeat, give the next
 * offset, store.
 */
import { TRIM_EVERY } from "../../base/limits.ts";
import type { Appended, AppendRequest } from "../../core/channel-log.ts";
import type { Draft } from "../../core/message.ts";
import type { ChannelHead, ChannelHeads } from "./channel-heads.ts";
import type { Statements } from "./statements.ts";
import type { Trimmer } from "./trimmer.ts";

export class MessageWriter {
  readonly #sql: Statements;
  readonly #heads: ChannelHeads;
  readonly #trimmer: Trimmer;

  constructor(statements: Statements, heads: ChannelHeads, trimmer: Trimmer) {
    this.#sql = statements;
    this.#heads = heads;
    this.#trimmer = trimmer;
  }

  /**
   * @param draftJson the draft as it is stored.
   * @param now unix milliseconds at which the append was asked for.
   */
  write({ channel, draft, windowMs }: AppendRequest, draftJson: string, now: number): Appended {
    const head = this.#heads.findOrAdd(channel);
    const offset = head.offset + 1;
    const sentAt = Math.max(now, head.sentAt);

    if (windowMs > 0 && draft.seq !== "") {
      const key = sendKey(draft);
      const expiresAt = now + windowMs;
      const { changes } = this.#sql.addSend.run(head.id, key, offset, draft.id, sentAt, expiresAt, now);
      if (changes === 0) return this.#firstAnswer(head, key);
      head.sendsUntil = Math.max(head.sendsUntil, expiresAt);
    }

    this.#sql.addMessage.run(head.id, offset, sentAt, draftJson);
    head.offset = offset;
    head.sentAt = sentAt;
    this.#heads.changed(head);
    if (offset % TRIM_EVERY === 0) this.#trimmer.trim(head, now);
    return {
      receipt: { channel, epoch: head.epoch, offset, id: draft.id, sentAt },
      repeated: false,
      nodes: [],
    };
  }

  #firstAnswer({ id: channelId, channel, epoch }: ChannelHead, key: string): Appended {
    const sent = this.#sql.send.get(channelId, key);
    if (sent === null) throw new Error("Cannot find the first send of a repeat");
    const { offset, message_id: id, sent_at: sentAt } = sent;
    return { receipt: { channel, epoch, offset, id, sentAt }, repeated: true, nodes: [] };
  }
}

/** A user id has no control characters, so the last line is the user. */
function sendKey({ from, seq }: Draft): string {
  const key = `${seq}\n${from}`;
  // SQLite takes UTF-8, in which all broken surrogates look the same; JSON escapes them.
  return key.isWellFormed() ? key : JSON.stringify(key);
}

/**
 * Branded identifiers: a UserId can't be passed where a ChannelId is wanted.
 *
 * The brands exist at compile time only. Checked construction lives where the rule
 * is owned (core/user.ts, core/channel.ts); this file knows the types and the random ones.
 */

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** Who somebody is, without the platform: 1 to USER_ID_BYTES_MAX bytes of UTF-8. */
export type UserId = Branded<string, "UserId">;
/** `room:<name>`, `inbox:<userId>` or `all`. */
export type ChannelId = Branded<string, "ChannelId">;
/** Unique over all nodes and time; sorts by the time it was made (UUID version 7, RFC 9562). */
export type MessageId = Branded<string, "MessageId">;
/** Unique over all nodes while the node lives: `<node>-<counter>`. */
export type SessionId = Branded<string, "SessionId">;
/** What a call over RPC shows to say whose login it belongs to. */
export type LoginToken = Branded<string, "LoginToken">;
/** One prim process. */
export type NodeId = Branded<string, "NodeId">;
/** One life of a channel's log: a new one says that the old messages are gone. */
export type Epoch = Branded<string, "Epoch">;
/** Where someone is logged in: 101 web, 102 Android, 103 iOS, 104 desktop, or what the configuration lists. */
export type AppPlatform = Branded<number, "AppPlatform">;

export function newMessageId(): MessageId {
  return Bun.randomUUIDv7() as MessageId;
}

/** Eight base-36 characters: enough that two logs of one channel never share an epoch by chance. */
export function newEpoch(): Epoch {
  return randomBase36(8) as Epoch;
}

export function newNodeId(): NodeId {
  return randomBase36(10) as NodeId;
}

/** 256 bits that nobody guesses, as 43 characters of base64url. */
export function newSecret(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

/** Sixteen base-36 characters, to know a lease or a lock again by. */
export function newMark(): string {
  return randomBase36(16);
}

function randomBase36(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join("");
}

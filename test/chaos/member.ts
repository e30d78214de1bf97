/**
 * What the members of a run have in common, whether the SDK or a bare WebSocket speaks for them.
 */

export interface MemberOptions {
  readonly name: string;
  /** ws://host:port/acc */
  readonly url: string;
  readonly appPlatform: number;
  readonly rooms: readonly string[];
  readonly binary: boolean;
}

export interface Member {
  readonly name: string;
  readonly rooms: readonly string[];
  /** Logged in, in all rooms. */
  readonly isOnline: boolean;
  /** Messages that are neither answered nor refused. */
  readonly unanswered: number;
  /** Logins so far. */
  readonly logins: number;
  /** Logs in and joins all rooms. */
  start(): Promise<void>;
  /** Sends one message, and takes care that it is answered. */
  send(room: string, key: string): void;
  close(): Promise<void>;
}

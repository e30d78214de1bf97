/**
 * What a bench may ask of a client process, and what it gets back. The two sides are
 * clients.ts (in the bench) and client-process.ts (the child); this file knows neither.
 */
import type { LatencySummary } from "./latencies.ts";

/** Opens `count` more connections, at most `inFlight` handshakes at a time. */
export interface Connect {
  readonly kind: "connect";
  readonly url: string;
  readonly count: number;
  readonly inFlight: number;
}

/** Logs the next `count` connections in that are not, at most `inFlight` at a time. */
export interface Login {
  readonly kind: "login";
  readonly count: number;
  readonly inFlight: number;
  readonly appPlatform: number;
  /** User ids are this and the connection's number. */
  readonly userPrefix: string;
}

/** Waits until nothing has arrived for `quietMs`: pushes about others' logins would be counted as deliveries. */
export interface Quiet {
  readonly kind: "quiet";
  readonly quietMs: number;
  readonly deadlineMs: number;
}

/**
 * The first connection sends batches of `window` messages to the room, in one write each; the next
 * batch goes out when every other connection has received the whole batch and the sender its answers.
 */
export interface FanOut {
  readonly kind: "fanOut";
  readonly window: number;
  readonly durationMs: number;
  readonly channel: string;
  readonly text: string;
}

export interface FanOutResult {
  readonly messages: number;
  readonly deliveries: number;
  readonly wallMs: number;
  readonly clientCpuMs: number;
  /** Mean payload of a delivered frame. */
  readonly frameBytes: number;
  /** The first delivered frame, to check that it holds the text. */
  readonly sample: string;
  /** From sending a batch to its last delivery. */
  readonly batch: LatencySummary;
}

/** Every connection keeps `window` requests unanswered; each answer is followed by the next request. */
export interface Echo {
  readonly kind: "echo";
  readonly window: number;
  readonly durationMs: number;
  readonly request: string;
}

export interface EchoResult {
  readonly messages: number;
  readonly wallMs: number;
  readonly clientCpuMs: number;
  readonly sample: string;
  readonly latency: LatencySummary;
}

/** Makes every logged-in connection a member of a room of `roomSize`: `<prefix>0`, `<prefix>1`, ... */
export interface JoinRooms {
  readonly kind: "joinRooms";
  readonly roomSize: number;
  readonly roomPrefix: string;
}

/** Every connection keeps `window` sends to its room unanswered; each answer is followed by the next send. */
export interface SendLoad {
  readonly kind: "send";
  readonly window: number;
  readonly durationMs: number;
  readonly roomSize: number;
  readonly roomPrefix: string;
  readonly text: string;
}

export interface SendResult {
  readonly messages: number;
  /** To the last delivery to the last member. */
  readonly wallMs: number;
  readonly clientCpuMs: number;
  /** From a send to its answer. */
  readonly latency: LatencySummary;
}

/** `perSecond` messages to one room for `durationMs`, each from another of the first `senders` connections. */
export interface Paced {
  readonly kind: "paced";
  readonly perSecond: number;
  readonly durationMs: number;
  readonly senders: number;
  readonly channel: string;
  readonly text: string;
}

export interface PacedResult {
  readonly messages: number;
  readonly deliveries: number;
  /** To the last delivery. */
  readonly wallMs: number;
  readonly clientCpuMs: number;
  /** From the send to the delivery, for some of the receivers. */
  readonly latency: LatencySummary;
}

export type Command = Connect | Login | Quiet | FanOut | Echo | JoinRooms | SendLoad | Paced;

export interface Results {
  readonly connect: { readonly wallMs: number };
  readonly login: { readonly wallMs: number; readonly clientCpuMs: number };
  readonly quiet: { readonly waitedMs: number };
  readonly fanOut: FanOutResult;
  readonly echo: EchoResult;
  readonly joinRooms: { readonly wallMs: number };
  readonly send: SendResult;
  readonly paced: PacedResult;
}

/**
 * What the coordinator may ask of a client process, and what it gets back. Moments are in
 * milliseconds since the plan's origin.
 */
import type { Plan } from "./plan.ts";
import type { Received, Sent } from "./tally.ts";

/** First of all: who you are. */
export interface Prepare {
  readonly kind: "prepare";
  readonly plan: Plan;
  readonly process: number;
}

/** Opens all connections, one every `gapMs` and slower for the first `slowMs`, logs them in and joins their rooms; done when each is ready or given up. */
export interface Ramp {
  readonly kind: "ramp";
  readonly startMs: number;
  readonly gapMs: number;
  readonly slowMs: number;
}

/** An open loop of pings and messages; done when it is over and all is answered, or given up. */
export interface Load {
  readonly kind: "load";
  readonly startMs: number;
  readonly durationMs: number;
  readonly pingsPerSecond: number;
  readonly sendsPerSecond: number;
  readonly to: "room" | "pair";
  readonly textBytes: number;
}

/** Unsteady connections leave and come back; done when all are back. */
export interface Churn {
  readonly kind: "churn";
  readonly startMs: number;
  readonly durationMs: number;
  readonly leavesPerSecond: number;
}

/** All connections end at once and come back within `spreadMs`; done when they are. */
export interface Storm {
  readonly kind: "storm";
  readonly spreadMs: number;
}

/** Unsteady connections stop reading, or begin again. */
export interface Reading {
  readonly kind: "reading";
  readonly unsteadyRead: boolean;
}

/** Deliveries so far. */
export interface Progress {
  readonly kind: "progress";
}

/** The news now, before the answer. */
export interface Tell {
  readonly kind: "tell";
}

/** What was sent and received. */
export interface Account {
  readonly kind: "account";
}

export type FloodCommand = Prepare | Ramp | Load | Churn | Storm | Reading | Progress | Tell | Account;

export interface Arrived {
  readonly ready: number;
  readonly failed: number;
}

// A type and not an interface, so that it has an index signature.
export type FloodResults = {
  prepare: null;
  ramp: Arrived;
  load: { readonly sent: number; readonly unanswered: number };
  churn: Arrived & { readonly left: number };
  storm: Arrived;
  reading: null;
  progress: { readonly deliveries: number };
  tell: null;
  account: { readonly sent: Sent; readonly received: readonly Received[] };
};

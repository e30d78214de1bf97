/**
 * HeartbeatSweep: ends sessions whose client has said nothing for the heartbeat time.
 *
 * The runtime's own idle timer does this for quiet connections, but it takes what is sent TO a client for life
 * (measured on Bun 1.4.5: a silent member of a busy room is never closed by it). So one timer
 * for all looks through the sessions now and then.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import type { Hub } from "./hub.ts";

export class HeartbeatSweep {
  readonly #hub: Hub;
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  #cancel: Cancel | undefined;

  constructor(hub: Hub, clock: Clock, heartbeatMs: number) {
    this.#hub = hub;
    this.#clock = clock;
    this.#heartbeatMs = heartbeatMs;
  }

  /** Looks ten times per heartbeat time: a session is ended at most a tenth too late. */
  start(): void {
    this.#cancel = this.#clock.every(this.#heartbeatMs / 10, () => this.sweep());
  }

  stop(): void {
    this.#cancel?.();
  }

  /** @returns how many sessions were ended. */
  sweep(): number {
    const silentSince = this.#clock.now() - this.#heartbeatMs;
    let ended = 0;
    for (const session of this.#hub.sessions) {
      if (session.heardAt > silentSince) continue;
      session.connection.close("heartbeat_timeout");
      ended += 1;
    }
    return ended;
  }
}

/**
 * How long to wait before connecting again: full jitter, so that the pages of a server that restarts don't all
 * come back in the same moment.
 */

const FIRST_MS_MAX = 500;
const WAIT_MS_MAX = 20_000;
/** 500 ms doubled so often is above 20 s. */
const DOUBLINGS_MAX = 6;

/**
 * @param failures attempts that failed since the last good connection, from 0.
 * @param random 0 to 1.
 * @returns milliseconds.
 */
export function backoffMs(failures: number, random: number): number {
  const ceilingMs = Math.min(WAIT_MS_MAX, FIRST_MS_MAX * 2 ** Math.min(failures, DOUBLINGS_MAX));
  return Math.round(random * ceilingMs);
}

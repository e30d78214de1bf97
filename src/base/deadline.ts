/**
 * Waiting for what may never come.
 */
import type { Clock } from "./clock.ts";
import { PrimError } from "./errors.ts";

/**
 * The outcome of `promise`, unless it takes too long. What comes later is ignored.
 *
 * @param what completes "Cannot ...: no answer within ... ms".
 * @throws {PrimError} `deadline_exceeded`.
 */
export function withDeadline<T>(
  clock: Clock,
  deadlineMs: number,
  what: string,
  promise: Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(deadlineMs, () => {
      reject(new PrimError("deadline_exceeded", `Cannot ${what}: no answer within ${deadlineMs} ms`));
    });
    promise.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}

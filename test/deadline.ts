/**
 * Waiting for an event, but not for ever.
 */

/** Generous: the machine may be slow and busy, and a test that passes never waits for it. */
export const DEADLINE_MS = 20_000;

/**
 * The outcome of `promise`, or an error that says what did not happen.
 *
 * @param what completes "waited in vain for ...".
 */
export async function within<T>(
  promise: Promise<T>,
  what: string | (() => string),
  deadlineMs: number = DEADLINE_MS,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Waited in vain for ${typeof what === "string" ? what : what()}: ${deadlineMs} ms`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again, for what has no event that could be waited for. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  isSo: (answer: T) => boolean,
  what: string,
  deadlineMs: number = DEADLINE_MS,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (performance.now() > end) {
      throw new Error(`Waited in vain for ${what}: ${deadlineMs} ms, last ${JSON.stringify(answer)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * What the runtime is told by the environment: the same as by the `start` script and in `deploy/`. Its allocator looks for pages to give back
 * a dozen times a second, which is a good part of what an idle process costs (docs/performance.md#idle); every ten seconds is soon enough.
 */
export const RUNTIME_ENV: Readonly<Record<string, string>> = { MIMALLOC_PURGE_HOLES_MIN_INTERVAL: "10000" };

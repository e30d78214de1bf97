/**
 * Chance, injected: the only place that asks the machine for it, apart from ids (ids.ts).
 */

/** At least 0, below 1. */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();

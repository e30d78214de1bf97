/** How far a connection is. The order counts: from `loggingIn` on it is open. */
export const PHASE = { away: 0, connecting: 1, loggingIn: 2, joining: 3, ready: 4 } as const;

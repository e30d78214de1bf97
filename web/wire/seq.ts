/**
 * Request ids. The seq of a send is also its message id: the server answers a repeat with the first result, so
 * it must not come twice, not from another tab either.
 */

/** In the seed's form: the time, a dash, a random number. */
export function newSeq(): string {
  // randomUUID() would do, but exists on https only, and prim is tried out on plain http.
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return `${Date.now()}-${random}`;
}

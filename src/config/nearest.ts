/** Suggestions: the known name that somebody most likely meant. */

/** Longer names are compared by their beginning: the cost grows with the square. */
const COMPARED_CHARS_MAX = 64;
/** A shorter part of a name says too little about which one is meant. */
const PART_CHARS_MIN = 4;

/**
 * @returns ignoring case, the known name with the fewest letters changed, else the first that has `name` in it
 *   (PORT: HTTP_PORT); undefined if there is neither: a far suggestion misleads.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = name.slice(0, COMPARED_CHARS_MAX).toLowerCase();
  let best: string | undefined;
  // Up to a third of the letters wrong is a guess worth making.
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  if (best !== undefined || wanted.length < PART_CHARS_MIN) return best;
  return known.find((candidate) => candidate.toLowerCase().includes(wanted));
}

/** `; did you mean x?`, or nothing. */
export function suggestion(name: string | undefined): string {
  return name === undefined ? "" : `; did you mean ${name}?`;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const added = (current[column - 1] ?? 0) + 1;
      const removed = (previous[column] ?? 0) + 1;
      current.push(Math.min(replaced, added, removed));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** Suggestions: the known name that somebody most likely meant. */

/** Longer names are compared by their beginning: the cost grows with the square. */
const COMPARED_CHARS_MAX = 64;

/** @returns the known name closest to `name`, ignoring case, or undefined if none is close: a far suggestion misleads. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.slice(0, COMPARED_CHARS_MAX).toLowerCase();
  let best: string | undefined;
  // A third of the letters wrong is still a guess worth making.
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
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

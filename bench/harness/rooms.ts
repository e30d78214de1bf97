/** Which room a connection is in when the connections are dealt out to rooms of one size, in their order. */
export function roomOf(prefix: string, index: number, roomSize: number): string {
  return `${prefix}${Math.floor(index / roomSize)}`;
}

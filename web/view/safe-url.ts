/**
 * Addresses that others wrote: only http and https are followed, whatever they are dressed up as.
 */

/** @returns undefined if it is no address that may be loaded or linked. */
export function safeUrl(address: string | undefined, base: string): string | undefined {
  const url = address === undefined ? null : URL.parse(address, base);
  return url?.protocol === "http:" || url?.protocol === "https:" ? url.href : undefined;
}

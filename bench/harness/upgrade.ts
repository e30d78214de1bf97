/**
 * The WebSocket upgrade as a load generator writes it (RFC 6455, section 4.1): one key for all, since
 * nothing is proven to anybody here.
 */

/** An answer to the upgrade that is longer than this is none. */
export const HANDSHAKE_BYTES_MAX = 16 * 1024;

export function upgradeRequest(url: URL): string {
  return [
    `GET ${url.pathname} HTTP/1.1`,
    `Host: ${url.host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "\r\n",
  ].join("\r\n");
}

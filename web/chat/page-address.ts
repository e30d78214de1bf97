/**
 * What the page's own address says: which platform's room, and where the WebSocket is.
 */

const PLATFORM_DEFAULT = 101;
const WEBSOCKET_PATH = "/acc";

/** `?appPlatform=102`, or `?appID=102` as the reference system has it. */
export function platformOf(search: string): number {
  const query = new URLSearchParams(search);
  const given = query.get("appPlatform") ?? query.get("appID") ?? "";
  return /^\d{1,9}$/.test(given) && Number(given) > 0 ? Number(given) : PLATFORM_DEFAULT;
}

/** @param given the server's setting, ws, wss, http or https; empty for the page's own origin. */
export function webSocketAddress(given: string, pageAddress: string): string {
  const address = new URL(given || WEBSOCKET_PATH, pageAddress);
  address.protocol = address.protocol.replace(/^http/, "ws");
  return address.href;
}

export function roomOf(appPlatform: number): string {
  return `room:${appPlatform}`;
}

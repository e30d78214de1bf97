/**
 * Every bound of the SDK, each with its reason. It stands alone, so the server's table is not imported; what
 * must agree with the server names the server's bound.
 */

/** The server's default frame bound (`limits.frameBytesMax`): beyond it the connection would be closed with 1009. */
export const FRAME_BYTES_MAX = 64 * 1024;
/** Messages that wait to be answered as stored: some minutes of typing, or a burst of a bot. */
export const OUTBOX_COUNT_MAX = 1_000;
/** The same in bytes of JSON: what a phone can spare. */
export const OUTBOX_BYTES_MAX = 8 * 1024 * 1024;
/** Unanswered sends on the wire; with the calls below half of what may wait for a login (1,024). */
export const SENDS_IN_FLIGHT_MAX = 256;
/** Sends a second. Any second of the server's sees at most twice this, which is below its 5,000: none is refused and overtaken. */
export const SENDS_PER_SECOND_MAX = 2_000;
/** Unanswered calls other than sends. */
export const CALLS_MAX = 256;
/** A gap larger than this is not filled but told: what the server replays at most (RECOVER_MESSAGES_MAX). */
export const FILL_MESSAGES_MAX = 5_000;
/** Messages of one read of history: the most the server gives. */
export const HISTORY_PAGE_MAX = 1_000;
/** Messages that wait in an async iterator for a reader who is slow; beyond it the iterator fails. */
export const STREAM_MESSAGES_MAX = 10_000;

/** Default time for a call to be answered. */
export const DEADLINE_MS = 10_000;
/** Silence after a question that makes a link count as dead. */
export const DEAD_AFTER_MS = 10_000;
/** Default time between two heartbeats: below the 60 s after which common proxies close silent connections. */
export const HEARTBEAT_MS = 30_000;
/** First and last bound of the random wait before a reconnect (PROTOCOL.md). */
export const BACKOFF_MIN_MS = 500;
export const BACKOFF_MAX_MS = 20_000;
/** A login that lasted this long makes the next wait a short one again. */
export const STABLE_MS = 10_000;
/** How long close() waits for the other side to say goodbye. */
export const CLOSE_MS_MAX = 1_000;

/** One message of a stream: the server's bound (RPC_MESSAGE_BYTES_MAX). */
export const STREAM_MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Silence of a stream that makes it count as dead: two of the heartbeats that come every 15 s were missed. */
export const STREAM_SILENT_MS_MAX = 35_000;
/** How long a refused token waits for the stream to say why: the two come by different connections. */
export const STREAM_REASON_MS_MAX = 1_000;
/** WebSockets that fail one after the other before the stream is tried: one may be bad luck. */
export const WEBSOCKET_FAILURES_MAX = 2;
/** A WebSocket that isn't open by then may be swallowed by a firewall: half of what a login is given by default. */
export const WEBSOCKET_OPEN_MS_MAX = 5_000;
/** A WebSocket that lived this long has proved that the network lets it live. */
export const WEBSOCKET_PROVEN_MS = 30_000;
/** First and last bound of the random wait before WebSocket is tried again beside a stream. */
export const PROBE_MIN_MS = 10_000;
export const PROBE_MAX_MS = 120_000;
/** How long a probe has to live before it is believed: longer than networks take that cut what they don't like. */
export const PROBE_HOLD_MS = 3_000;

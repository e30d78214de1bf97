/**
 * Keeps HTTP/2 response headers out of the compression table.
 *
 * The HPACK encoder of Bun 1.4.5 ignores SETTINGS_HEADER_TABLE_SIZE of the peer. nginx sends 0, and with
 * `keepalive` in its upstream the second response on a connection fails with "upstream sent invalid http2 table
 * index" and status 502. A header marked as sensitive is sent as a literal that never enters the table (RFC 7541,
 * section 6.2.3), at a cost of some 100 bytes for each response.
 */
import http2 from "node:http2";

/** Call it before anything is written to the response. */
export function keepHeadersPlain(response: http2.Http2ServerResponse): void {
  // The date is added behind our back, unmarked; gRPC and Connect have no use for it.
  response.sendDate = false;
  const { stream } = response;
  const { respond, sendTrailers } = stream;
  stream.respond = (headers, options) => respond.call(stream, sensitive(headers), options);
  stream.sendTrailers = (headers) => sendTrailers.call(stream, sensitive(headers) ?? headers);
}

function sensitive<T extends http2.OutgoingHttpHeaders>(headers: T | readonly string[] | undefined) {
  if (headers === undefined || Array.isArray(headers)) return headers as T | undefined;
  const names = Object.keys(headers).filter((name) => !name.startsWith(":"));
  return { ...(headers as T), [http2.sensitiveHeaders]: names };
}

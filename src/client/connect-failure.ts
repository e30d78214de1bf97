/**
 * ConnectFailure: a call that the server refused, as Connect says it in JSON, and what it would have said over a WebSocket. What
 * is not said by prim (a proxy's error page, a broken connection) is none of this.
 */

/** The server's table (PROTOCOL.md, "Codes"), by Connect's name of the canonical code. */
const WIRE_CODES: Readonly<Record<string, number>> = {
  invalid_argument: 1001,
  out_of_range: 1001,
  unauthenticated: 1000,
  permission_denied: 1003,
  not_found: 1005,
  unimplemented: 1010,
  resource_exhausted: 1011,
  internal: 1004,
  unknown: 1004,
  data_loss: 1004,
  unavailable: 1013,
  deadline_exceeded: 1013,
  canceled: 1009,
  already_exists: 1009,
  failed_precondition: 1009,
  aborted: 1009,
};
const CODE_ILLEGAL_USER_ID = 1002;

const ERROR_INFO = "google.rpc.ErrorInfo";
const BAD_REQUEST = "google.rpc.BadRequest";
/** Field 1, which has a length. */
const TAG_FIRST = 0x0a;

export class ConnectFailure extends Error {
  override readonly name = "ConnectFailure";
  /** Canonical, in Connect's spelling: "permission_denied". */
  readonly code: string;
  /** google.rpc.ErrorInfo.reason; empty if there is none. */
  readonly reason: string;
  /** The code that a WebSocket would bring. */
  readonly wireCode: number;

  private constructor(code: string, message: string, details: readonly unknown[]) {
    super(message);
    this.code = code;
    this.reason = firstText(detailOf(details, ERROR_INFO));
    const field = firstText(firstField(detailOf(details, BAD_REQUEST)));
    const isUserId = this.reason === "ILLEGAL_USER_ID" || field === "user_id";
    this.wireCode = isUserId ? CODE_ILLEGAL_USER_ID : (WIRE_CODES[code] ?? 1004);
  }

  /** @returns undefined if this is no error of the Connect protocol. */
  static fromJson(error: unknown): ConnectFailure | undefined {
    if (typeof error !== "object" || error === null) return undefined;
    const { code, message, details } = error as Record<string, unknown>;
    if (typeof code !== "string" || !Object.hasOwn(WIRE_CODES, code)) return undefined;
    const text = typeof message === "string" ? message : code;
    return new ConnectFailure(code, text, Array.isArray(details) ? details : []);
  }
}

/** The bytes of an error detail, which are protobuf even in JSON. */
function detailOf(details: readonly unknown[], type: string): Uint8Array {
  const detail = details.find((candidate) => (candidate as { type?: unknown } | null)?.type === type);
  const { value } = (detail ?? {}) as { value?: unknown };
  if (typeof value !== "string") return new Uint8Array();
  try {
    // Base64 without padding, by the protocol in either alphabet.
    const text = atob(value.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array(); // Not of prim: the code alone has to do.
  }
}

/** Field 1 of a protobuf message if that comes first and is short, as prim's are. */
function firstField(bytes: Uint8Array): Uint8Array {
  const [tag, length = 0] = bytes;
  // A first byte of the length above 127 says that another follows.
  if (tag !== TAG_FIRST || bytes.length < 2) return new Uint8Array();
  if (length < 128) return bytes.subarray(2, 2 + length);
  return bytes.subarray(3, 3 + (length & 127) + 128 * (bytes[2] ?? 0));
}

function firstText(bytes: Uint8Array): string {
  return new TextDecoder().decode(firstField(bytes));
}

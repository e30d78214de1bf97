/**
 * The closed tables of the wire: answer codes and close codes. PROTOCOL.md explains each.
 *
 * The codes up to 1010 are the reference system's; prim's own start at 1011.
 */
import { type ErrorCode, type ErrorReason, PrimError } from "../base/errors.ts";
import type { CloseReason } from "../core/connection.ts";

export const CODES = {
  success: 200,
  notLoggedIn: 1000,
  illegalParameter: 1001,
  illegalUserId: 1002,
  unauthorized: 1003,
  serverError: 1004,
  noData: 1005,
  addError: 1006,
  deleteError: 1007,
  storeError: 1008,
  operationFailed: 1009,
  noSuchAction: 1010,
  tooManyRequests: 1011,
  tooLarge: 1012,
  unavailable: 1013,
} as const;

export type WireCode = (typeof CODES)[keyof typeof CODES];

/** What the reference system says with each code; sessions that speak its spelling get these words. */
const REFERENCE_TEXTS: Readonly<Record<WireCode, string>> = {
  [CODES.success]: "Success",
  [CODES.notLoggedIn]: "未登录",
  [CODES.illegalParameter]: "参数不合法",
  [CODES.illegalUserId]: "非法的用户ID",
  [CODES.unauthorized]: "未授权",
  [CODES.serverError]: "系统错误",
  [CODES.noData]: "没有数据",
  [CODES.addError]: "添加错误",
  [CODES.deleteError]: "删除错误",
  [CODES.storeError]: "存储错误",
  [CODES.operationFailed]: "操作失败",
  [CODES.noSuchAction]: "路由不存在",
  [CODES.tooManyRequests]: "请求过于频繁",
  [CODES.tooLarge]: "数据过大",
  [CODES.unavailable]: "服务不可用",
};

/** What the reference system answers to a frame that is no JSON: this text, and no frame. */
export const REFERENCE_NO_JSON = "数据不合法";

const CODE_OF_REASON: Readonly<Partial<Record<ErrorReason, WireCode>>> = {
  ILLEGAL_USER_ID: CODES.illegalUserId,
  TOO_LARGE: CODES.tooLarge,
};

const CODE_OF_ERROR: Readonly<Record<ErrorCode, WireCode>> = {
  cancelled: CODES.operationFailed,
  invalid_argument: CODES.illegalParameter,
  deadline_exceeded: CODES.unavailable,
  not_found: CODES.noData,
  already_exists: CODES.operationFailed,
  permission_denied: CODES.unauthorized,
  resource_exhausted: CODES.tooManyRequests,
  failed_precondition: CODES.operationFailed,
  aborted: CODES.operationFailed,
  out_of_range: CODES.illegalParameter,
  unimplemented: CODES.noSuchAction,
  internal: CODES.serverError,
  unavailable: CODES.unavailable,
  unauthenticated: CODES.notLoggedIn,
};

export interface WireFault {
  readonly code: WireCode;
  readonly text: string;
}

/** What the client is told of a failure; of one that is prim's own fault only that it is. */
export function faultOf(error: unknown): WireFault {
  if (!(error instanceof PrimError)) {
    return { code: CODES.serverError, text: "Cannot answer: something is wrong with the server" };
  }
  const byReason = error.reason === undefined ? undefined : CODE_OF_REASON[error.reason];
  return { code: byReason ?? CODE_OF_ERROR[error.code], text: error.message };
}

export function referenceText(code: WireCode): string {
  return REFERENCE_TEXTS[code];
}

/** WebSocket close codes that prim gives (RFC 6455 section 7.4 and the IANA registry; 4000 up are its own). */
export const CLOSE_CODES: Readonly<Record<CloseReason, { readonly code: number; readonly text: string }>> = {
  draining: { code: 1012, text: "restarting, reconnect" },
  heartbeat_timeout: { code: 4001, text: "no heartbeat, reconnect" },
  kicked: { code: 4003, text: "kicked, do not reconnect" },
  unavailable: { code: 1013, text: "the store is away, reconnect" },
  internal_error: { code: 1011, text: "internal error, reconnect" },
};

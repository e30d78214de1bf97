/**
 * The SDK as programs import it: PrimClient, and the types of what goes in and comes out.
 */
export type { Cancel, ClientClock, Random } from "./clock.ts";
export type { FrameCodec } from "./codec.ts";
export type { Fetch } from "./connect-client.ts";
export { type FallbackOptions, FallbackTransport } from "./fallback-transport.ts";
export type {
  Action,
  Answer,
  AnswerData,
  ChannelData,
  ClientRequest,
  HistoryData,
  JoinData,
  LoginData,
  Push,
  PushEvents,
  PushOf,
  ReadData,
  RequestData,
  RequestOf,
  ServerFrame,
} from "./frames.ts";
export { jsonCodec } from "./json-codec.ts";
export type { Listener } from "./listeners.ts";
export type * from "./messages.ts";
export type { CallOptions } from "./pending.ts";
export type { ResumedEvent } from "./positions.ts";
export {
  type JoinOptions,
  type MessagesOptions,
  PrimClient,
  type PrimClientEvents,
  type PrimClientOptions,
  type SendOptions,
} from "./prim-client.ts";
export {
  type ErrorReason,
  type LocalReason,
  PrimClientError,
  type ServerReason,
} from "./prim-client-error.ts";
export type { Status, StatusEvent } from "./session.ts";
export { StreamTransport, type StreamTransportOptions } from "./stream-transport.ts";
export type { Link, LinkEnd, LinkEvents, Transport } from "./transport.ts";
export { type WebSocketConstructor, type WebSocketLike, WebSocketTransport } from "./websocket-transport.ts";

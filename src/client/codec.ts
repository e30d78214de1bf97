/**
 * FrameCodec: one encoding of WebSocket frames. JSON is built in; protobuf is an entry of its own, so that
 * who does not use it does not load it.
 */
import type { ClientRequest, ServerFrame } from "./frames.ts";

/** One encoding of WebSocket frames. */
export interface FrameCodec {
  /** Makes a frame of a request. */
  encode(request: ClientRequest): string | Uint8Array<ArrayBuffer>;
  /** Reads a frame. @returns undefined for a frame that this version does not know: it is passed over. */
  decode(frame: string | ArrayBuffer): ServerFrame | undefined;
}

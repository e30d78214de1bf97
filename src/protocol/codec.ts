/**
 * The codecs side by side: frames in, frames out, by format.
 */
import type { Push } from "../core/pushes.ts";
import type { WireFault } from "./codes.ts";
import type { Format, Frame, Incoming, Result } from "./frames.ts";
import { decodeJson, encodeJsonFault, encodeJsonPush, encodeJsonResult } from "./json-codec.ts";
import {
  decodeProtobuf,
  encodeProtobufFault,
  encodeProtobufPush,
  encodeProtobufResult,
} from "./protobuf-codec.ts";

export const FORMATS: readonly Format[] = ["json", "protobuf", "reference"];

/** Text frames are JSON, binary frames protobuf. Never throws for what a client wrote. */
export function decodeFrame(frame: string | Uint8Array): Incoming {
  return typeof frame === "string" ? decodeJson(frame) : decodeProtobuf(frame);
}

export function encodeResult(format: Format, seq: string, result: Result): Frame {
  return format === "protobuf" ? encodeProtobufResult(seq, result) : encodeJsonResult(format, seq, result);
}

export function encodeFault(format: Format, seq: string, action: string, fault: WireFault): Frame {
  return format === "protobuf"
    ? encodeProtobufFault(seq, fault)
    : encodeJsonFault(format, seq, action, fault);
}

export function encodePush(format: Format, push: Push): Frame {
  return format === "protobuf" ? encodeProtobufPush(push) : encodeJsonPush(format, push);
}

/**
 * Binary frames of prim: proto/prim/v1/frame.proto. Requests are made with the generated code; of an
 * answer only the seq and the code are read, straight from the bytes.
 */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ClientFrameSchema } from "../../src/gen/prim/v1/frame_pb.ts";
import { clientFrame, OPCODE } from "../harness/frames.ts";
import { type Answer, type Position, readSeq, type Wire } from "./wire.ts";

type Request = NonNullable<MessageInitShape<typeof ClientFrameSchema>["request"]>;

/** Field number and wire type, as they stand in front of a field. */
const TAG = { seq: 0x0a, response: 0x12, code: 0x08 } as const;

export class ProtobufWire implements Wire {
  readonly #appPlatform: number;

  constructor(appPlatform: number) {
    this.#appPlatform = appPlatform;
  }

  login(seq: string, userId: string, positions: readonly Position[] = []): Buffer {
    const value = {
      userId,
      appPlatform: this.#appPlatform,
      positions: positions.map(({ channel, epoch, offset }) => ({
        channel,
        epoch,
        offset: BigInt(offset),
      })),
    };
    return frame(seq, { case: "login", value });
  }

  join(seq: string, channel: string): Buffer {
    return frame(seq, { case: "join", value: { channel } });
  }

  heartbeat(seq: string): Buffer {
    return frame(seq, { case: "heartbeat", value: {} });
  }

  ping(seq: string): Buffer {
    return frame(seq, { case: "ping", value: {} });
  }

  send(seq: string, to: { readonly channel: string } | { readonly userId: string }, text: string): Buffer {
    const target =
      "channel" in to
        ? { case: "channel" as const, value: to.channel }
        : { case: "userId" as const, value: to.userId };
    return frame(seq, { case: "send", value: { to: target, type: "text", msg: text } });
  }

  readAnswer(payload: Buffer, into: Answer): boolean {
    if (payload[0] !== TAG.seq) return false;
    const seqEnd = 2 + (payload[1] as number); // A seq is at most 128 bytes, ours are shorter than 128.
    if (readSeq(payload, 2, seqEnd, into) !== seqEnd || payload[seqEnd] !== TAG.response) return false;
    let at = seqEnd + 1;
    while ((payload[at] as number) >= 0x80) at++; // The length of the response.
    if (payload[at + 1] !== TAG.code) return false;
    into.code = 0;
    let shift = 0;
    for (at += 2; at < payload.length; at++) {
      const byte = payload[at] as number;
      into.code += (byte & 0x7f) << shift;
      if (byte < 0x80) return true;
      shift += 7;
    }
    return false;
  }
}

function frame(seq: string, request: Request): Buffer {
  return clientFrame(toBinary(ClientFrameSchema, create(ClientFrameSchema, { seq, request })), OPCODE.binary);
}

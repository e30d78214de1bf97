import { expect, test } from "bun:test";
import { clientFrame, FrameReader, OPCODE } from "./frames.ts";

function serverFrame(bytes: number, opcode: number = OPCODE.text): Buffer {
  const masked = clientFrame(Buffer.alloc(bytes, 97), opcode);
  const headerBytes = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
  const head = Buffer.from(masked.subarray(0, headerBytes));
  head[1] = (head[1] as number) & 0x7f;
  return Buffer.concat([head, masked.subarray(headerBytes + 4)]);
}

function readAll(chunks: readonly Buffer[]): { reader: FrameReader; lengths: number[]; controls: number[] } {
  const reader = new FrameReader();
  const lengths: number[] = [];
  const controls: number[] = [];
  for (const chunk of chunks) {
    reader.read(chunk, {
      text: (payload) => lengths.push(payload.length),
      control: (opcode) => controls.push(opcode),
    });
  }
  return { reader, lengths, controls };
}

test("FrameReader reads every length form at its borders", () => {
  const sizes = [0, 1, 125, 126, 127, 65_535, 65_536];
  const { reader, lengths } = readAll([Buffer.concat(sizes.map((size) => serverFrame(size)))]);
  expect(lengths).toEqual(sizes);
  expect(reader.frames).toBe(sizes.length);
  expect(reader.payloadBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
});

test("FrameReader reads frames split at any byte, in two parts or in single bytes", () => {
  const bytes = Buffer.concat([
    serverFrame(3),
    serverFrame(200),
    serverFrame(0, OPCODE.ping),
    serverFrame(126),
  ]);
  const whole = readAll([bytes]);
  expect(whole.lengths).toEqual([3, 200, 126]);
  expect(whole.controls).toEqual([OPCODE.ping]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { lengths, controls } = readAll([bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect(lengths).toEqual([3, 200, 126]);
    expect(controls).toEqual([OPCODE.ping]);
  }
  expect(readAll(Array.from(bytes, (byte) => Buffer.from([byte]))).lengths).toEqual([3, 200, 126]);
});

test("FrameReader refuses masked, fragmented and endless frames", () => {
  expect(() => readAll([Buffer.from([0x81, 0x80, 0, 0, 0, 0])])).toThrow("masked");
  expect(() => readAll([Buffer.from([0x01, 0x01, 97])])).toThrow("first byte 1");
  expect(() => readAll([Buffer.from([0x81, 127, 1, 0, 0, 0, 0, 0, 0, 0])])).toThrow("too long");
});

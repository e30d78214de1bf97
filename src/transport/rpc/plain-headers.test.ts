import { expect, test } from "bun:test";
import { openRpc, SOON_MS } from "../../../test/rpc/rpc-fixture.ts";

const FRAME_HEADERS = 1;
const FRAME_SETTINGS = 4;
const SETTING_HEADER_TABLE_SIZE = 1;

/** Representations of RFC 7541, section 6, as far as a table is concerned. */
type Representation = "indexed" | "adds to table" | "literal" | "table size";

test("no response header uses the table that the client has forbidden", async () => {
  await using rpc = await openRpc();
  const blocks = await headerBlocksOf(rpc.server.port, 2);
  // Two calls, each with headers and trailers.
  expect(blocks).toHaveLength(4);
  for (const block of blocks) {
    const kinds = new Set(representationsIn(block).map(({ kind }) => kind));
    kinds.delete("literal");
    // Static entries, such as ":status: 200", are always there; a table size of 0 may be announced.
    const dynamic = representationsIn(block).filter(({ kind, index }) => kind === "indexed" && index > 61);
    expect(dynamic).toEqual([]);
    expect(kinds.has("adds to table")).toBe(false);
  }
});

/** Speaks HTTP/2 by hand, as no client library forbids the table: `calls` health checks on one connection. */
async function headerBlocksOf(port: number, calls: number): Promise<Buffer[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer[]>();
  let received = Buffer.alloc(0);
  const timer = setTimeout(() => reject(new Error("The server did not answer")), SOON_MS);
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_, bytes) {
        received = Buffer.concat([received, bytes]);
        const blocks = framesIn(received).filter(({ type }) => type === FRAME_HEADERS);
        if (blocks.length === 2 * calls) resolve(blocks.map(({ payload }) => payload));
      },
      close: () => reject(new Error("The server closed the connection")),
    },
  });
  const tableSize = Buffer.alloc(6);
  tableSize.writeUInt16BE(SETTING_HEADER_TABLE_SIZE);
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(frame(FRAME_SETTINGS, 0, 0, tableSize));
  for (let call = 0; call < calls; call += 1) {
    const stream = 2 * call + 1;
    socket.write(frame(FRAME_HEADERS, 4, stream, requestHeaders()));
    socket.write(frame(0, 1, stream, Buffer.alloc(5)));
  }
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.end();
  }
}

function requestHeaders(): Buffer {
  const fields = {
    ":method": "POST",
    ":scheme": "http",
    ":path": "/grpc.health.v1.Health/Check",
    ":authority": "localhost",
    "content-type": "application/grpc",
    te: "trailers",
  };
  // Literals that never enter the table, with their names spelt out (section 6.2.3).
  const spell = (text: string) => [text.length, ...Buffer.from(text)];
  return Buffer.from(
    Object.entries(fields).flatMap(([name, value]) => [0x10, ...spell(name), ...spell(value)]),
  );
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function framesIn(bytes: Buffer): { type: number; payload: Buffer }[] {
  const frames: { type: number; payload: Buffer }[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({ type: bytes.readUInt8(at + 3), payload: bytes.subarray(at + 9, end) });
    at = end;
  }
  return frames;
}

function representationsIn(block: Buffer): { kind: Representation; index: number }[] {
  const found: { kind: Representation; index: number }[] = [];
  let at = 0;
  const integer = (prefixBits: number): number => {
    const max = 2 ** prefixBits - 1;
    let value = block.readUInt8(at) & max;
    at += 1;
    if (value < max) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = block.readUInt8(at);
      at += 1;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const skipText = () => {
    const length = integer(7);
    at += length;
  };
  while (at < block.length) {
    const first = block.readUInt8(at);
    const [kind, prefixBits] = representationOf(first);
    const index = integer(prefixBits);
    found.push({ kind, index });
    if (kind === "indexed" || kind === "table size") continue;
    if (index === 0) skipText();
    skipText();
  }
  return found;
}

function representationOf(first: number): [Representation, prefixBits: number] {
  if (first >= 0x80) return ["indexed", 7];
  if (first >= 0x40) return ["adds to table", 6];
  if (first >= 0x20) return ["table size", 5];
  return ["literal", 4];
}

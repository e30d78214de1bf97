import { expect, test } from "bun:test";
import type { FrameCodec } from "./codec.ts";
import { jsonCodec } from "./json-codec.ts";
import { protobufCodec } from "./protobuf.ts";

const STRANGE: readonly (string | ArrayBuffer)[] = [
  ...["", "数据不合法", "null", "[]", "7", "{}", '{"seq":"1","action":"ping"}'],
  ...['{"seq":1,"action":"ping","response":{"code":200}}', '{"seq":"1","action":"ping","response":{}}'],
  ...[
    '{"seq":"","action":"msg","response":{"code":200,"data":null}}',
    '{"seq":"","action":"msg","response":{}}',
  ],
  ...[
    '{"seq":"","action":"typing","response":{"code":200,"data":[]}}',
    '{"seq":"1","response":{"code":200}}',
  ],
  ...[
    new ArrayBuffer(0),
    new Uint8Array([0xff, 0xff, 0xff]).buffer,
    new Uint8Array([0x0a, 0x05, 0x31]).buffer,
  ],
];

const CODECS: readonly [string, FrameCodec][] = [
  ["jsonCodec", jsonCodec],
  ["protobufCodec", protobufCodec],
];

for (const [name, codec] of CODECS) {
  test(`${name} passes over what is no frame of prim`, () => {
    for (const frame of STRANGE) expect(codec.decode(frame)).toBeUndefined();
  });
}

test("jsonCodec tells the answer to a typing or read from the push of that name", () => {
  const answer = '{"seq":"9","action":"typing","response":{"code":200,"codeMsg":"Success","data":null}}';
  const push =
    '{"seq":"","action":"typing","response":{"code":200,"codeMsg":"Ok","data":{"channel":"room:x"}}}';
  expect(jsonCodec.decode(answer)).toMatchObject({ kind: "answer", seq: "9", code: 200 });
  expect(jsonCodec.decode(push)).toMatchObject({ kind: "typing", event: { channel: "room:x" } });
});

test("jsonCodec reads the answer to a frame that was no request", () => {
  const frame = '{"seq":"","action":"","response":{"code":1001,"codeMsg":"Illegal parameter","data":null}}';
  expect(jsonCodec.decode(frame)).toMatchObject({ kind: "answer", seq: "", code: 1001 });
});

import { expect, test } from "bun:test";
import { EnvelopeReader, enveloped } from "./envelopes.ts";

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

test("EnvelopeReader gives the same envelopes however the bytes are cut", () => {
  const end = enveloped("{}");
  end[0] = 2;
  const bytes = joined(enveloped('{"a":"马🦄"}'), enveloped(""), enveloped("x".repeat(300)), end);
  const wanted = [
    { isEnd: false, json: '{"a":"马🦄"}' },
    { isEnd: false, json: "" },
    { isEnd: false, json: "x".repeat(300) },
    { isEnd: true, json: "{}" },
  ];
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new EnvelopeReader(300);
    const found = [];
    for (let at = 0; at < bytes.length; at += size) found.push(...reader.take(bytes.subarray(at, at + size)));
    expect(found).toEqual(wanted);
  }
});

test("EnvelopeReader refuses a message that is one byte too large before it has come, and a compressed one", () => {
  expect(() => new EnvelopeReader(299).take(enveloped("x".repeat(300)).subarray(0, 5))).toThrow("300 bytes");
  const compressed = enveloped("{}");
  compressed[0] = 1;
  expect(() => new EnvelopeReader(10).take(compressed)).toThrow("compressed");
});

import { expect, test } from "bun:test";
import { SEQ_BYTES_MAX } from "../base/limits.ts";
import { decodeFrame, encodeResult } from "./codec.ts";
import { type QuickAction, quickAction, quickAnswer } from "./quick-frames.ts";

const request = (seq: string, action: string) => JSON.stringify({ seq, action, data: {} });

test("quickAnswer() says what the codec says, for every seq that is taken", () => {
  const plain = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).filter(
    (char) => char !== '"' && char !== "\\",
  );
  const seqs = [...plain, plain.join(""), "s".repeat(SEQ_BYTES_MAX), "1565336219141-266129"];
  for (const action of ["ping", "heartbeat"] as const satisfies QuickAction[]) {
    for (const seq of seqs) {
      const frame = request(seq, action);
      expect(quickAction(frame)).toBe(action);
      const incoming = decodeFrame(frame);
      expect(incoming).toEqual({ format: "json", seq, action, command: { action } });
      expect(quickAnswer(frame, action)).toBe(encodeResult("json", seq, { action }) as string);
    }
  }
});

test("quickAction() leaves everything else to the codec", () => {
  const frames = [
    request("", "ping"),
    request("s".repeat(SEQ_BYTES_MAX + 1), "ping"),
    request('"', "ping"),
    request("\\", "ping"),
    request("\n", "ping"),
    request("\u007f", "ping"),
    request("é", "ping"),
    request("\ud800", "heartbeat"),
    request("1", "pings"),
    request("1", "logout"),
    request("1", "Ping"),
    '{"seq":"1","cmd":"ping","data":{}}',
    '{"seq":"1","action":"ping"}',
    '{"seq":"1","action":"ping","data":{"a":1}}',
    '{"seq":"1","action":"ping","data":{},"seq":"2"}',
    '{"seq":"1","seq":"2","action":"ping","data":{}}',
    '{"seq":"1", "action":"ping","data":{}}',
    '{"seq":"1","action":"ping","data":{}} ',
    '{"seq":"1","action":"ping","data":{}}\n',
    ' {"seq":"1","action":"ping","data":{}}',
    '{"action":"ping","seq":"1","data":{}}',
    "",
  ];
  for (const frame of frames) expect([frame, quickAction(frame)]).toEqual([frame, undefined]);
});

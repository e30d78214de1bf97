import { expect, test } from "bun:test";
import { REFERENCE_ALIVE_SECONDS } from "../base/limits.ts";
import { isYoung, parseRecord } from "./online-record.ts";

test("parseRecord() takes what the reference system writes, and nothing else", () => {
  const text = '{"accIp":"10.0.0.9","accPort":"9001","appID":101,"isLogoff":false,"heartbeatTime":7}';
  expect(parseRecord(text)).toEqual({ address: "10.0.0.9:9001", isLogoff: false, heartbeatTime: 7 });
  for (const other of ["", "{", "null", "1", '"text"']) expect(parseRecord(other)).toBeUndefined();
});

test("isYoung() holds to the border of the reference system", () => {
  const record = { address: "", isLogoff: false, heartbeatTime: 1_000 };
  expect(isYoung(record, 1_000 + REFERENCE_ALIVE_SECONDS)).toBe(true);
  expect(isYoung(record, 1_001 + REFERENCE_ALIVE_SECONDS)).toBe(false);
  expect(isYoung({ ...record, isLogoff: true }, 1_000)).toBe(false);
  expect(isYoung({ ...record, heartbeatTime: Number.NaN }, 1_000)).toBe(false);
});

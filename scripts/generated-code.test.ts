import { expect, test } from "bun:test";
import { differences } from "./generated-code.ts";

test("differences() names the missing, the changed and the leftover file", () => {
  const wanted = new Map([
    ["a_pb.ts", "1"],
    ["b_pb.ts", "2"],
    ["c_pb.ts", "3"],
  ]);
  const actual = new Map([
    ["a_pb.ts", "1"],
    ["b_pb.ts", "edited"],
    ["d_pb.ts", "4"],
  ]);
  expect(differences(wanted, wanted)).toEqual([]);
  expect(differences(wanted, actual).map((fault) => fault.split(":")[0])).toEqual([
    "src/gen/b_pb.ts",
    "src/gen/c_pb.ts",
    "src/gen/d_pb.ts",
  ]);
});

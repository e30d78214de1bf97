/** What the SDK weighs, and that it weighs on nothing else. */
import { expect, test } from "bun:test";
import { bundle } from "./bundle.ts";

const GZIPPED_BYTES_MAX = 25 * 1024;

function gzippedBytes(text: string): number {
  return Bun.gzipSync(new TextEncoder().encode(text)).length;
}

test("the bundle with JSON frames has at most 25 KiB gzipped, and no protobuf in it", async () => {
  const code = await bundle("index.ts");
  const bytes = gzippedBytes(code);
  process.stderr.write(`sdk: ${bytes} bytes gzipped, ${code.length} minified\n`);
  expect(bytes).toBeLessThanOrEqual(GZIPPED_BYTES_MAX);
  expect(code).not.toContain("prim.v1");
  expect(code).not.toContain("node:");
});

test("the protobuf codec is an entry of its own", async () => {
  const code = await bundle("protobuf.ts");
  process.stderr.write(`sdk: protobuf codec ${gzippedBytes(code)} bytes gzipped more\n`);
  expect(code).not.toContain("new WebSocket");
});

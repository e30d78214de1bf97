/** What the SDK weighs, and that it weighs on nothing else. */
import { expect, test } from "bun:test";
import { bundle } from "./bundle.ts";

const GZIPPED_BYTES_MAX = 25 * 1024;

function gzippedBytes(text: string): number {
  return Bun.gzipSync(new TextEncoder().encode(text)).length;
}

/** What a bundle is made of, as its comments say. */
async function filesIn(entry: string): Promise<string[]> {
  const code = await bundle(entry, false);
  return [...code.matchAll(/^\/\/ (\S+\.(?:ts|js))$/gm)].map(([, file]) => String(file));
}

test("the bundle with JSON frames has at most 25 KiB gzipped, and no protobuf in it", async () => {
  const code = await bundle("index.ts");
  const bytes = gzippedBytes(code);
  process.stderr.write(`sdk: ${bytes} bytes gzipped, ${code.length} minified\n`);
  expect(bytes).toBeLessThanOrEqual(GZIPPED_BYTES_MAX);
  const files = await filesIn("index.ts");
  expect(files).toContain("src/client/prim-client.ts");
  expect(files.filter((file) => !file.startsWith("src/client/"))).toEqual([]);
  expect(code.includes("node:")).toBe(false);
});

test("the protobuf codec is an entry of its own", async () => {
  const code = await bundle("protobuf.ts");
  process.stderr.write(`sdk: protobuf codec ${gzippedBytes(code)} bytes gzipped more\n`);
  const files = await filesIn("protobuf.ts");
  expect(files).toContain("src/client/protobuf.ts");
  expect(files).not.toContain("src/client/prim-client.ts");
});

/**
 * The certificate and key of the RPC port, read from their files.
 */
import { readFileSync } from "node:fs";
import { PrimError } from "../../base/errors.ts";

/**
 * @param files paths of PEM files; both empty for clear text.
 * @throws {PrimError} `failed_precondition` if one can't be read.
 */
export function readTlsFiles(files: {
  readonly tlsCert: string;
  readonly tlsKey: string;
}): { readonly cert: string; readonly key: string } | undefined {
  if (files.tlsCert === "") return undefined;
  return { cert: read("rpc.tlsCert", files.tlsCert), key: read("rpc.tlsKey", files.tlsKey) };
}

function read(setting: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PrimError("failed_precondition", `Cannot read "${path}" (${setting}): ${why}`, { cause });
  }
}

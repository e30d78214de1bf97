/** Certificates for a server on 127.0.0.1, made by openssl: one authority that signs, and one that is a stranger. */
import { join } from "node:path";
import { partPath } from "../parts.ts";

export interface Certificates {
  readonly ca: string;
  readonly strangerCa: string;
  readonly cert: string;
  readonly key: string;
}

/** @param folder gets the files, and is the caller's to remove. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const path = (name: string) => join(folder, name);
  const authority = async (name: string) => {
    await openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
    )(...["-keyout", path(`${name}.key`), "-out", path(`${name}.pem`), "-days", "2", "-subj", `/CN=${name}`]);
  };
  await Promise.all([authority("ca"), authority("stranger")]);
  await openssl(
    "req",
    "-new",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
  )(...["-keyout", path("server.key"), "-out", path("server.csr"), "-subj", "/CN=redis"]);
  await Bun.write(path("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  await openssl(
    "x509",
    "-req",
    "-in",
    path("server.csr"),
    "-CA",
    path("ca.pem"),
    "-CAkey",
    path("ca.key"),
  )(...["-CAcreateserial", "-out", path("server.pem"), "-days", "2", "-extfile", path("names")]);
  return {
    ca: path("ca.pem"),
    strangerCa: path("stranger.pem"),
    cert: path("server.pem"),
    key: path("server.key"),
  };
}

function openssl(...first: readonly string[]) {
  return async (...args: readonly string[]): Promise<void> => {
    const child = Bun.spawn([partPath("openssl") ?? "openssl", ...first, ...args], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    const words = await new Response(child.stderr).text();
    if ((await child.exited) !== 0) throw new Error(`openssl failed: ${words}`);
  };
}

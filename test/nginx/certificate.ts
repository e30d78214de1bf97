/** A certificate for 127.0.0.1 and localhost that nobody has to trust for longer than a test. */
import { join } from "node:path";
import { run } from "../rpc/prim-process.ts";

export interface Certificate {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
}

export async function selfSigned(openssl: string, folder: string): Promise<Certificate> {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key];
  const { exitCode, stderr } = await run([
    openssl,
    "req",
    "-x509",
    ...newKey,
    "-out",
    cert,
    "-days",
    "1",
    ...names,
  ]);
  if (exitCode !== 0) throw new Error(`Cannot make a certificate: ${stderr}`);
  return { cert, key };
}

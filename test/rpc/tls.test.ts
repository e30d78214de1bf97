/** The RPC port with `rpc.tlsCert` and `rpc.tlsKey`. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { OpsService } from "../../src/gen/prim/v1/ops_pb.ts";
import { describeWith } from "../parts.ts";
import { run, startPrim } from "./prim-process.ts";

describeWith("openssl", "a prim with a certificate", (openssl) => {
  test("speaks TLS on the RPC port, and does not start with files that are not there", async () => {
    const dir = mkdtempSync(join(tmpdir(), "prim-tls-"));
    try {
      const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"];
      const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key];
      await run([openssl, "req", "-x509", ...newKey, "-out", cert, ...subject]);
      await using prim = await startPrim("--rpc-tls-cert", cert, "--rpc-tls-key", key);
      const nodeOptions = { ca: await Bun.file(cert).text() };
      const transport = createGrpcTransport({ baseUrl: `https://${prim.rpcAddress}`, nodeOptions });
      const { state } = await createClient(OpsService, transport).getState({});
      expect(state?.storageOk).toBe(true);

      const missing = ["--data-dir", "none", "--rpc-tls-cert", join(dir, "no.pem"), "--rpc-tls-key", key];
      const ports = ["--http-port", "0", "--websocket-port", "0", "--rpc-port", "0"];
      const failed = await run([process.execPath, "src/main.ts", ...ports, ...missing]);
      expect(failed.exitCode).toBe(1);
      expect(failed.stderr).toContain("rpc.tlsCert");
    } finally {
      rmSync(dir, { recursive: true });
    }
  }, 20_000);
});

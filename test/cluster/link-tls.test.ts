/** Links over TLS: a peer shows a certificate that the caller trusts, or nothing is said to it. */
import { expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { temporaryFolder } from "../prim-process.ts";
import { ClusterNode } from "./cluster-node.ts";
import { messageOf } from "./messages.ts";
import { RegistryInMemory } from "./registry-in-memory.ts";

describeWith("openssl", "a cluster with certificates", (openssl) => {
  async function certificate(dir: string, name: string) {
    const [cert, key] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
    const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"];
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key];
    const made = Bun.spawn([openssl, "req", "-x509", ...newKey, "-out", cert, ...subject], {
      stderr: "ignore",
    });
    expect(await made.exited).toBe(0);
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  }

  test("nodes link with whom they trust, and say nothing to others", async () => {
    const dir = temporaryFolder();
    try {
      const [tls, strange] = [await certificate(dir, "prim"), await certificate(dir, "strange")];
      const registry = new RegistryInMemory();
      await using a = await ClusterNode.start(registry, { tls, ca: tls.cert });
      await using b = await ClusterNode.start(registry, { tls, ca: tls.cert });
      await using c = await ClusterNode.start(registry, { tls: strange, ca: tls.cert });
      a.say([b, c], messageOf(1));
      b.say([a], messageOf(2));
      await Promise.all([b.received(1), a.received(1)]);
      await eventually(
        () => a.cluster.peers.states.get(c.nodeId)?.dropped,
        (dropped) => dropped === 1,
        "the link to c to give up",
      );
      expect(c.messages).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }, 20_000);
});

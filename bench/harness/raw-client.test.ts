import { expect, test } from "bun:test";
import { clientFrame } from "./frames.ts";
import { RawClient } from "./raw-client.ts";

const TEXTS = ["", "a", "b".repeat(126), "c".repeat(70_000)];

test("RawClient talks to a WebSocket server: all lengths, ping, close code", async () => {
  const pongs: string[] = [];
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no", { status: 400 })),
    websocket: {
      open: (ws) => void ws.ping("are you there"),
      pong: (_ws, data) => void pongs.push(data.toString()),
      message: (ws, message) => void (message === "end" ? ws.close(4001, "bye") : ws.send(message)),
    },
  });
  const client = await RawClient.connect(new URL(`ws://127.0.0.1:${server.port}/acc`), 7);
  const got: string[] = [];
  const echoed = Promise.withResolvers<void>();
  client.listen({
    text: (from, payload) => {
      got.push(payload.toString());
      expect(from.index).toBe(7);
      if (got.length === TEXTS.length) echoed.resolve();
    },
  });
  client.send(Buffer.concat(TEXTS.map((text) => clientFrame(text))));
  await echoed.promise;
  expect(got).toEqual(TEXTS);
  expect(pongs).toEqual(["are you there"]);
  client.send(clientFrame("end"));
  for (let tries = 0; client.closeCode === 0 && tries < 200; tries++) await Bun.sleep(10);
  expect(client.closeCode).toBe(4001);
});

test("connect() rejects when the upgrade is refused", async () => {
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("no") });
  const url = new URL(`ws://127.0.0.1:${server.port}/acc`);
  expect(await failure(RawClient.connect(url, 0))).toContain("Upgrade is refused");
});

test("connect() rejects when nobody listens", async () => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("no") });
  const url = new URL(`ws://127.0.0.1:${server.port}/acc`);
  await server.stop(true);
  expect(await failure(RawClient.connect(url, 0))).toContain("connect");
});

async function failure(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

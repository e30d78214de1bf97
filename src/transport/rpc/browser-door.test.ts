import { afterAll, expect, test } from "bun:test";
import { openRpc } from "../../../test/rpc/rpc-fixture.ts";
import { TrustedProxies } from "../trusted-proxies.ts";
import { createBrowserDoor } from "./browser-door.ts";

const rpc = await openRpc();
afterAll(() => rpc.drain(0));
const proxies = new TrustedProxies([]);
const server = { timeout() {}, requestIP: () => null };
const path = "/prim.v1.PushService/SendToUser";

function call(corsOrigins: readonly string[], method: string, origin?: string) {
  const door = createBrowserDoor(rpc.handlers, { httpVersion: "1.1", corsOrigins, proxies });
  const headers = { "content-type": "application/json", ...(origin === undefined ? {} : { origin }) };
  const body = method === "POST" ? JSON.stringify({ userId: "ann", content: { msg: "x" } }) : null;
  return door(new Request(`http://prim${path}`, { method, headers, body }), path, server);
}

test("answers calls of any origin, or of those that may call", async () => {
  const any = await call(["*"], "POST", "https://a.example");
  expect(any?.status).toBe(200);
  expect(any?.headers.get("access-control-allow-origin")).toBe("*");
  expect(any?.headers.get("access-control-expose-headers")).toContain("Grpc-Status-Details-Bin");
  const one = await call(["https://a.example"], "POST", "https://a.example");
  expect(one?.headers.get("access-control-allow-origin")).toBe("https://a.example");
  expect(one?.headers.get("vary")).toBe("Origin");
  const other = await call(["https://a.example"], "POST", "https://b.example");
  expect(other?.headers.get("access-control-allow-origin")).toBeNull();
  const none = await call([], "POST");
  expect([none?.status, none?.headers.get("access-control-allow-origin")]).toEqual([200, null]);
});

test("tells a browser before the call what it may send", async () => {
  const response = await call(["*"], "OPTIONS", "https://a.example");
  expect(response?.status).toBe(204);
  expect(response?.headers.get("access-control-allow-methods")).toBe("POST, GET");
  const allowed = response?.headers.get("access-control-allow-headers");
  for (const name of ["Authorization", "Connect-Protocol-Version", "X-Grpc-Web"])
    expect(allowed).toContain(name);
});

test("leaves other paths to others", () => {
  const door = createBrowserDoor(rpc.handlers, { httpVersion: "1.1", corsOrigins: ["*"], proxies });
  expect(door(new Request("http://prim/user/list"), "/user/list", server)).toBeUndefined();
});

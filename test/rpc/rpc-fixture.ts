/**
 * For tests: an RPC port with services that do little, on a free port of this machine.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { DescService } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { systemClock } from "../../src/base/clock.ts";
import { PrimError } from "../../src/base/errors.ts";
import { type Fields, type Logger, silentLogger } from "../../src/base/logger.ts";
import { OpsService } from "../../src/gen/prim/v1/ops_pb.ts";
import { PushService } from "../../src/gen/prim/v1/push_pb.ts";
import { drainingError } from "../../src/transport/rpc/errors.ts";
import { HealthBoard } from "../../src/transport/rpc/health-board.ts";
import { createRpcHandlers, rpcService } from "../../src/transport/rpc/rpc-handlers.ts";
import { RpcServer, type RpcServerOptions } from "../../src/transport/rpc/rpc-server.ts";
import { TrustedProxies } from "../../src/transport/trusted-proxies.ts";

/** How long a test waits for something that takes milliseconds. */
export const SOON_MS = 4_000;

export interface RpcFixture extends AsyncDisposable {
  readonly handlers: readonly UniversalHandler[];
  readonly server: RpcServer;
  readonly health: HealthBoard;
  /** `host:port`, as grpcurl wants it. */
  readonly address: string;
  readonly baseUrl: string;
  /** WatchState streams that run now. */
  readonly streams: () => number;
  /** Turns health, ends streams, closes the port: what an app does. */
  readonly drain: (graceMs: number) => Promise<void>;
}

export interface RpcFixtureOptions {
  readonly log?: Logger;
  readonly tls?: RpcServerOptions["tls"];
  readonly bounds?: RpcServerOptions["bounds"];
  readonly gate?: (context: HandlerContext) => void;
  /** Bytes in each response of WatchState, which then come without a pause. */
  readonly floodBytes?: number;
}

/**
 * SendToUser fails for some users: "nobody" PrimError, "bug" TypeError with a secret, "slow" takes 300 ms. WatchState sends
 * one state each period. Everything else is unimplemented.
 */
export async function openRpc(options: RpcFixtureOptions = {}): Promise<RpcFixture> {
  let streams = 0;
  const push: Partial<ServiceImpl<typeof PushService>> = {
    async sendToUser({ userId }) {
      if (userId === "nobody")
        throw new PrimError("invalid_argument", "No such user", { reason: "ILLEGAL_USER_ID" });
      if (userId === "bug") throw new TypeError("password=hunter2");
      if (userId === "slow") await sleep(300);
      return { online: true, receipt: { id: userId } };
    },
    queryUsersOnline: ({ users }) => ({ users: users.map((user) => ({ user, online: false })) }),
  };
  const ops: Partial<ServiceImpl<typeof OpsService>> = {
    async *watchState({ periodMs }, { signal }) {
      streams += 1;
      try {
        for (let count = 1n; !signal.aborted; count += 1n) {
          yield { state: { requestsTotal: count, version: "x".repeat(options.floodBytes ?? 0) } };
          if (options.floodBytes === undefined) await sleep(periodMs, undefined, { signal });
        }
      } finally {
        streams -= 1;
      }
    },
  };
  const health = new HealthBoard([PushService.typeName, OpsService.typeName]);
  health.setAll(true);
  const draining = new AbortController();
  const log = options.log ?? silentLogger;
  const handlers = createRpcHandlers(
    [rpcService(PushService, filled(PushService, push)), rpcService(OpsService, filled(OpsService, ops))],
    { health, log, clock: systemClock, draining: draining.signal, gate: options.gate },
  );
  const server = await RpcServer.listen({
    handlers,
    hostname: "127.0.0.1",
    port: 0,
    tls: options.tls,
    bounds: options.bounds,
    proxies: new TrustedProxies([]),
    log,
    clock: systemClock,
  });
  const drain = (graceMs: number) => {
    health.setAll(false);
    draining.abort(drainingError());
    return server.stop(graceMs);
  };
  const address = `127.0.0.1:${server.port}`;
  const baseUrl = `${options.tls === undefined ? "http" : "https"}://${address}`;
  return {
    handlers,
    server,
    health,
    address,
    baseUrl,
    streams: () => streams,
    drain,
    [Symbol.asyncDispose]: () => drain(0),
  };
}

/** A logger that keeps what it is told. */
export function keepingLogger(): Logger & {
  readonly lines: { level: string; message: string; fields: Fields }[];
} {
  const lines: { level: string; message: string; fields: Fields }[] = [];
  const keep =
    (level: string) =>
    (message: string, fields: Fields = {}) =>
      void lines.push({ level, message, fields });
  return { lines, debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
}

/** Waits until `condition` holds; fails after SOON_MS. */
export async function eventually(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + SOON_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`Still not so after ${SOON_MS} ms: ${condition}`);
    await sleep(5);
  }
}

function filled<T extends DescService>(desc: T, impl: Partial<ServiceImpl<T>>): ServiceImpl<T> {
  const missing = () => {
    throw new PrimError("unimplemented", "The fixture has no such method");
  };
  const stubs = Object.fromEntries(desc.methods.map(({ localName }) => [localName, missing]));
  return { ...stubs, ...impl } as ServiceImpl<T>;
}

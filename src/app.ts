/**
 * The composition root: makes the parts of a node and joins them. It decides nothing else.
 */
import type { Server } from "bun";
import page from "../web/index.html";
import { createAppCluster } from "./app-cluster.ts";
import { GuestAuthenticator } from "./auth/guest-authenticator.ts";
import type { Clock } from "./base/clock.ts";
import { assert, PrimError } from "./base/errors.ts";
import { newNodeId } from "./base/ids.ts";
import { HTTP_BODY_BYTES_MAX, RPC_MESSAGE_BYTES_MAX } from "./base/limits.ts";
import type { AdjustableLogger } from "./base/logger.ts";
import { redisAddressOf } from "./config/redis-address.ts";
import type { Config } from "./config/settings.ts";
import { MEMORY_ONLY } from "./config/settings.ts";
import { Announcer } from "./core/announcer.ts";
import { BROADCAST } from "./core/channel.ts";
import type { Store } from "./core/channel-log.ts";
import { Chat } from "./core/chat.ts";
import { Delivery } from "./core/delivery.ts";
import { Directory } from "./core/directory.ts";
import { Fanouts } from "./core/fanouts.ts";
import { HeartbeatSweep } from "./core/heartbeat-sweep.ts";
import { Hub } from "./core/hub.ts";
import { type KickCommand, kick } from "./core/kick.ts";
import { machineReport } from "./core/machine-state.ts";
import { Membership } from "./core/membership.ts";
import { NodeStateReporter } from "./core/node-state.ts";
import { Publisher } from "./core/publisher.ts";
import { Resyncer } from "./core/resyncer.ts";
import { Roster } from "./core/roster.ts";
import { ServerApi } from "./core/server-api.ts";
import { Signaller } from "./core/signaller.ts";
import { createMetrics, mergeMetrics } from "./observe/metrics.ts";
import { ProcessMonitor } from "./observe/process-monitor.ts";
import { MemoryStore } from "./storage/memory/memory-store.ts";
import { RedisConnection } from "./storage/redis/redis-connection.ts";
import { RedisStore } from "./storage/redis/redis-store.ts";
import { SqliteStore } from "./storage/sqlite/sqlite-store.ts";
import { createHttpApp } from "./transport/http/http-app.ts";
import { listen } from "./transport/listener.ts";
import { createBrowserDoor } from "./transport/rpc/browser-door.ts";
import { RpcInterface } from "./transport/rpc/rpc-interface.ts";
import { RpcServer } from "./transport/rpc/rpc-server.ts";
import { StreamFanout } from "./transport/rpc/stream-fanout.ts";
import { readTlsFiles } from "./transport/rpc/tls-files.ts";
import { TrustedProxies } from "./transport/trusted-proxies.ts";
import { WEBSOCKET_PATH, WebSocketGateway } from "./transport/websocket/gateway.ts";
import { RequestRunner } from "./transport/websocket/request-runner.ts";
import { TopicFanout } from "./transport/websocket/topic-fanout.ts";
import type { WebSocketConnection } from "./transport/websocket/websocket-connection.ts";
import type { WorkerReport } from "./workers/wire.ts";
import type { Worker } from "./workers/worker.ts";

export interface AppEnvironment {
  readonly clock: Clock;
  readonly logger: AdjustableLogger;
  readonly version: string;
  /** Begins to stop the process in an orderly way, within the time; repeating it is safe. */
  readonly requestStop: (graceMs: number) => void;
  /** Set if this process is one of several that share the ports. */
  readonly worker?: Worker | undefined;
}

/** Where the node listens, once it does. */
export interface Addresses {
  readonly host: string;
  readonly httpPort: number;
  readonly webSocketPort: number;
  readonly rpcPort: number;
}

export interface App {
  /** @throws {PrimError} `failed_precondition` or `unavailable` if a port, the data directory or Redis can't be had; nothing stays open. */
  start(): Promise<Addresses>;
  /** Takes no new connections and no new requests, and finishes what is under way. */
  drain(): Promise<void>;
  /** Closes every session with a code that says "reconnect", then the ports and the store. Repeating it is safe. */
  stop(): Promise<void>;
  /** What this process says of itself, when it runs. */
  report(lists: boolean): Promise<WorkerReport>;
}

/** Between looks at whether the last sessions have gone. */
const CLOSING_POLL_MS = 10;
/** What clients get to answer the close frame. */
const CLOSING_MS_MAX = 1_000;
/** What calls under way get to finish when the RPC port closes: their messages are stored by then. */
const CALLS_MS_MAX = 2_000;
/**
 * A body on the HTTP port: twice what a call may have, so that a call which is too large gets an answer of its own
 * protocol. The routes of the HTTP interface have a bound of theirs.
 */
const BODY_BYTES_MAX = 2 * RPC_MESSAGE_BYTES_MAX;

export function createApp(config: Config, environment: AppEnvironment): App {
  const { clock, logger, version, worker } = environment;
  const { app: settings, limits } = config;
  const nodeId = newNodeId();
  const ports = worker?.order.ports ?? settings;
  const hub = new Hub();
  const topics = new TopicFanout(hub);
  const streams = new StreamFanout();
  const fanout = new Fanouts([topics, streams]);
  const proxies = new TrustedProxies(settings.trustedProxies);
  const monitor = new ProcessMonitor(clock);
  const sweep = new HeartbeatSweep(hub, clock, settings.heartbeatSeconds * 1_000);
  let servers: Server<WebSocketConnection>[] = [];
  let rpcServer: RpcServer | undefined;
  /** Where other nodes come; the same, but for workers. */
  let peerServer: RpcServer | undefined;
  const redisAddress = redisAddressOf(config);
  let redis: RedisConnection | undefined;
  let store: Store | undefined;
  let phase: "starting" | "ready" | "draining" | "stopped" = "starting";
  let parts: ReturnType<typeof compose> | undefined;

  function compose(opened: Store) {
    const delivery = new Delivery({ log: opened, fanout, logger, clock });
    const resyncer = new Resyncer(() => delivery.resync(), clock, logger);
    redis?.onBack(() => resyncer.look());
    const roster = new Roster(hub);
    const kickHere = (command: KickCommand) => kick(chat, hub, command);
    const cluster =
      redis &&
      createAppCluster({
        ...{ config, redis, nodeId, version, clock, logger, roster, delivery, resyncer, fanout },
        announcer: () => announcer,
        kick: kickHere,
        status: () => (phase === "ready" ? "serving" : phase === "starting" ? "starting" : "draining"),
        load: () => ({ connections: hub.sessions.size, sessions: hub.loggedIn }),
      });
    const peers = cluster?.peers;
    const attendance = cluster?.attendance;
    const publisher = new Publisher(opened, delivery, peers);
    const signaller = new Signaller({ log: opened, fanout, peers, logger });
    const announcer = new Announcer({ hub, signaller, attendance, clock, logger }, config.room.announceMax);
    const membership = new Membership(hub, opened, delivery, announcer);
    const authenticator = new GuestAuthenticator(settings.platforms);
    const chat = new Chat(
      { clock, hub, store: opened, authenticator, signaller, delivery, publisher, announcer, membership },
      { nodeId, channelsPerSessionMax: limits.channelsPerSessionMax },
    );
    const directory = new Directory({
      roster,
      log: opened,
      kick: kickHere,
      peers: cluster?.questions,
    });
    const api = new ServerApi({ store: opened, publisher, directory });
    const runner = new RequestRunner(chat, logger);
    const gateway = new WebSocketGateway(
      { chat, hub, clock, logger, runner, proxies },
      { ...limits, heartbeatSeconds: settings.heartbeatSeconds },
    );
    const reporter = new NodeStateReporter(
      {
        clock,
        hub,
        delivery,
        publisher,
        measureProcess: () => monitor.measure(),
        isDraining: () => phase !== "ready",
      },
      nodeId,
      version,
    );
    const metrics = createMetrics({
      state: () => reporter.state(),
      framesIn: () => gateway.framesIn,
      framesPublished: () => topics.published,
      deliveries: () => topics.deliveries + streams.deliveries,
      connectionsRefused: () => gateway.refusedConnections,
      connectionsClosedByCode: () => gateway.closedByCode,
      messagesStored: () => publisher.stored,
      gapsFilled: () => delivery.gapsFilled,
    });
    const ownReport = async (lists: boolean): Promise<WorkerReport> => ({
      ...reporter.report(lists),
      metrics: await metrics.raw(),
    });
    const http = createHttpApp(
      {
        api,
        clock,
        logger,
        proxies,
        report: async (lists) =>
          worker === undefined
            ? reporter.report(lists)
            : machineReport(await worker.collect(lists, () => ownReport(lists))),
        metrics: async () => {
          if (worker === undefined) return metrics.text();
          const reports = await worker.collect(false, () => ownReport(false));
          return mergeMetrics(reports.map((report) => report.metrics));
        },
        isReady: () => phase === "ready",
      },
      {
        platforms: settings.platforms,
        corsOrigins: config.http.corsOrigins,
        page: { webSocketUrl: settings.webSocketUrl, guest: config.auth.mode === "guest" },
      },
    );
    const rpc = new RpcInterface(
      {
        chat,
        api,
        hub,
        reporter,
        signaller,
        streams,
        peers: cluster?.rpc,
        logger,
        clock,
        ops: {
          counts: () => ({
            requests: gateway.framesIn + rpc.calls,
            messages: publisher.stored,
            deliveries: topics.deliveries + streams.deliveries,
            slowClosed: rpc.slowClosed,
          }),
          storage: {
            name:
              redisAddress !== undefined ? "redis" : settings.dataDir === MEMORY_ONLY ? "memory" : "sqlite",
            answers: () =>
              opened.read(BROADCAST, { before: undefined, limit: 1 }).then(
                () => true,
                () => false,
              ),
          },
          nodes: cluster === undefined ? undefined : () => cluster.nodes(),
          peersLinked: () => cluster?.linkedPeers() ?? 0,
          rpcAddress: () => `${settings.host}:${rpcServer?.port ?? 0}`,
          requestStop: environment.requestStop,
        },
      },
      {
        ...limits,
        platforms: settings.platforms,
        callsPerSecond: limits.framesPerSecond,
        heartbeatSeconds: settings.heartbeatSeconds,
      },
    );
    return { chat, api, publisher, resyncer, announcer, gateway, http, rpc, ownReport, cluster };
  }

  async function openStore(): Promise<Store> {
    const bounds = { countMax: config.history.countMax, ageMs: config.history.ageSeconds * 1_000 };
    if (redisAddress !== undefined) {
      const { keyPrefix, timeoutMs } = config.redis;
      const options = { address: redisAddress, keyPrefix, callTimeoutMs: timeoutMs, clock, log: logger };
      redis = await RedisConnection.open(options);
      return new RedisStore({ connection: redis, nodeId, clock, ...bounds });
    }
    if (settings.dataDir === MEMORY_ONLY) return new MemoryStore({ clock, ...bounds });
    return SqliteStore.open(settings.dataDir, { clock, log: logger, ...bounds });
  }

  function openPorts({ gateway, http, rpc }: NonNullable<typeof parts>): void {
    const websocket = gateway.handler();
    const common = { host: settings.host, websocket, shared: worker !== undefined };
    const door = createBrowserDoor(rpc.handlers, {
      httpVersion: "2",
      corsOrigins: config.http.corsOrigins,
      proxies,
    });
    servers.push(
      listen<WebSocketConnection>({
        ...common,
        setting: "app.httpPort",
        port: ports.httpPort,
        pages: { "/home/index": page },
        bodyBytesMax: BODY_BYTES_MAX,
        http2: true,
        fetch: (request, server) => {
          const path = new URL(request.url).pathname;
          if (path === WEBSOCKET_PATH) return gateway.upgrade(request, server);
          return door(request, path, server) ?? http.fetch(request, { server });
        },
      }),
    );
    servers.push(
      listen<WebSocketConnection>({
        ...common,
        setting: "app.webSocketPort",
        port: ports.webSocketPort,
        bodyBytesMax: HTTP_BODY_BYTES_MAX,
        fetch: (request, server) =>
          new URL(request.url).pathname === WEBSOCKET_PATH
            ? gateway.upgrade(request, server)
            : new Response(`The WebSocket is at ${WEBSOCKET_PATH}\n`, { status: 404 }),
      }),
    );
    for (const server of servers) topics.attach(server);
  }

  /** Workers share the RPC port, and each has one of its own for the other nodes. */
  async function openRpcPorts({ rpc, cluster }: NonNullable<typeof parts>): Promise<void> {
    const common = {
      hostname: settings.host,
      tls: readTlsFiles(config.rpc),
      ...{ proxies, log: logger, clock },
    };
    if (worker === undefined || cluster === undefined) {
      const handlers = [...rpc.handlers, ...rpc.peerHandlers];
      rpcServer = await RpcServer.listen({ ...common, handlers, port: ports.rpcPort });
      peerServer = rpcServer;
    } else {
      rpcServer = await RpcServer.listen({
        ...common,
        handlers: rpc.handlers,
        port: ports.rpcPort,
        shared: true,
      });
      peerServer = await RpcServer.listen({ ...common, handlers: rpc.peerHandlers, port: 0 });
    }
    await cluster?.start(peerServer.port);
  }

  async function closeSessions(): Promise<void> {
    for (const session of hub.sessions) session.connection.close("draining");
    const deadline = clock.monotonic() + CLOSING_MS_MAX;
    while (hub.sessions.size > 0 && clock.monotonic() < deadline) {
      await new Promise<void>((resolve) => clock.after(CLOSING_POLL_MS, resolve));
    }
  }

  return {
    async start() {
      try {
        store = await openStore();
        parts = compose(store);
        await openRpcPorts(parts);
        openPorts(parts);
      } catch (error) {
        await this.stop();
        throw error;
      }
      sweep.start();
      phase = "ready";
      parts.rpc.setServing(true);
      parts.cluster?.publishStatus();
      const [http, webSocket] = servers;
      if (http?.port === undefined || webSocket?.port === undefined || rpcServer === undefined) {
        throw new PrimError("internal", "Cannot tell the ports: a listener has none");
      }
      return {
        host: settings.host,
        httpPort: http.port,
        webSocketPort: webSocket.port,
        rpcPort: rpcServer.port,
      };
    },

    async drain() {
      if (phase !== "ready" || parts === undefined) return;
      phase = "draining";
      parts.rpc.setServing(false);
      parts.cluster?.publishStatus();
      if (worker !== undefined) {
        // The other workers listen on: nobody new comes here, and nobody is refused.
        for (const server of servers) void server.stop();
        void rpcServer?.stop(CALLS_MS_MAX);
      }
      parts.gateway.stopAccepting();
      fanout.publish(BROADCAST, { kind: "notice", notice: "draining" });
      parts.chat.drain();
      // Calls of back ends on connections that are still open go on until these are closed.
      if (worker === undefined) parts.api.drain();
      do {
        await parts.publisher.idle();
        // What was stored in this turn is answered by its end, or goes on to the second inbox of a 1:1 message.
        await new Promise<void>((resolve) => clock.soon(resolve));
      } while (parts.publisher.underWay > 0);
    },

    async stop() {
      if (phase === "stopped") return;
      phase = "stopped";
      parts?.announcer.mute();
      parts?.resyncer.stop();
      sweep.stop();
      monitor.stop();
      const closing = servers;
      servers = [];
      const graceful = closing.map((server) => server.stop());
      await closeSessions();
      await parts?.cluster?.stop();
      // Subscribe streams were sessions, and have been told; the rest are watchers and links.
      parts?.rpc.endStreams();
      const calls = [rpcServer?.stop(CALLS_MS_MAX), peerServer?.stop(CALLS_MS_MAX)];
      await new Promise<void>((resolve) => clock.after(CLOSING_POLL_MS, resolve));
      for (const server of closing) void server.stop(true);
      await Promise.allSettled([...graceful, ...calls]);
      await store?.close();
      await redis?.close();
    },

    report(lists) {
      assert(parts !== undefined, "only a node that runs reports");
      return parts.ownReport(lists);
    },
  };
}

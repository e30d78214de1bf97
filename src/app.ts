/**
 * The composition root: makes the parts of a node and joins them. It decides nothing else.
 */
import type { Server } from "bun";
import { createAppCluster } from "./app-cluster.ts";
import { createAppInterop } from "./app-interop.ts";
import { openWebPorts } from "./app-ports.ts";
import { type AppStore, openAppStore } from "./app-store.ts";
import { GuestAuthenticator } from "./auth/guest-authenticator.ts";
import type { Clock } from "./base/clock.ts";
import { assert, PrimError } from "./base/errors.ts";
import { newNodeId } from "./base/ids.ts";
import type { AdjustableLogger } from "./base/logger.ts";
import type { Config } from "./config/settings.ts";
import { Announcer } from "./core/announcer.ts";
import { BROADCAST } from "./core/channel.ts";
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
import { GrowthCollector } from "./observe/growth-collector.ts";
import { createMetrics, mergeMetrics } from "./observe/metrics.ts";
import { ProcessMonitor } from "./observe/process-monitor.ts";
import { createHttpApp } from "./transport/http/http-app.ts";
import { RpcInterface } from "./transport/rpc/rpc-interface.ts";
import { RpcServer } from "./transport/rpc/rpc-server.ts";
import { StreamFanout } from "./transport/rpc/stream-fanout.ts";
import { readTlsFiles } from "./transport/rpc/tls-files.ts";
import { TrustedProxies } from "./transport/trusted-proxies.ts";
import { WebSocketGateway } from "./transport/websocket/gateway.ts";
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
export function createApp(config: Config, environment: AppEnvironment): App {
  const { clock, logger, version, worker } = environment;
  const { app: settings, limits } = config;
  const nodeId = newNodeId();
  const ports = worker?.order.ports ?? settings;
  const hub: Hub = new Hub(() => collector.wake());
  const topics = new TopicFanout(hub, clock);
  const streams = new StreamFanout();
  const fanout = new Fanouts([topics, streams]);
  const proxies = new TrustedProxies(settings.trustedProxies);
  const monitor = new ProcessMonitor(clock);
  const collector = new GrowthCollector({
    clock,
    arrivals: () => hub.sessions.size + hub.loggedIn,
    others: () => parts?.cluster?.others() ?? 0,
  });
  const sweep = new HeartbeatSweep(hub, clock, settings.heartbeatSeconds * 1_000);
  let servers: Server<WebSocketConnection>[] = [];
  let rpcServer: RpcServer | undefined;
  /** Where other nodes come; the same, but for workers. */
  let peerServer: RpcServer | undefined;
  let storage: AppStore | undefined;
  let phase: "starting" | "ready" | "draining" | "stopped" = "starting";
  let parts: ReturnType<typeof compose> | undefined;

  function compose({ store: opened, redis, name: storeName }: AppStore) {
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
    const interop = createAppInterop({
      ...{ config, redis, hub, clock, logger, signaller, publisher },
      directory: () => directory,
    });
    const announcer = new Announcer(
      { hub, signaller: interop.signaller, attendance, clock, logger },
      config.room.announceMax,
    );
    const membership = new Membership(hub, opened, delivery, announcer);
    const authenticator = new GuestAuthenticator(settings.platforms);
    const chat = new Chat(
      {
        ...{ clock, hub, store: opened, authenticator, signaller, delivery, announcer, membership },
        publisher: interop.sender,
      },
      { nodeId, channelsPerSessionMax: limits.channelsPerSessionMax },
    );
    const directory = new Directory({
      roster,
      log: opened,
      kick: kickHere,
      peers: cluster?.questions,
      neighbours: interop.neighbours,
    });
    const api = new ServerApi({ store: opened, publisher: interop.sender, directory });
    const accApi = new ServerApi({ store: opened, publisher, directory });
    const runner = new RequestRunner(chat, logger);
    const gateway = new WebSocketGateway(
      { chat, hub, clock, logger, runner, proxies, topicsOf: (server) => topics.topicsOf(server) },
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
        isNewSubmission: interop.isNewSubmission,
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
        accApi,
        hear: interop.hear,
        hub,
        nodeId,
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
            name: storeName,
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
    const apis = [api, accApi];
    const services = { gateway, http, rpc, cluster, interop };
    return { chat, apis, publisher, resyncer, announcer, ownReport, ...services };
  }

  /** Workers share the RPC port, and each has one of its own for the other nodes. */
  async function openRpcPorts({ rpc, cluster, interop }: NonNullable<typeof parts>): Promise<void> {
    const common = {
      hostname: settings.host,
      tls: readTlsFiles(config.rpc),
      ...{ proxies, log: logger, clock },
    };
    if (worker === undefined || cluster === undefined) {
      const handlers = cluster === undefined ? rpc.handlers : rpc.peerHandlers;
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
    await interop.start(peerServer.port);
  }

  async function closeSessions(): Promise<void> {
    topics.flush();
    for (const session of hub.sessions) session.connection.close("draining");
    const deadline = clock.monotonic() + CLOSING_MS_MAX;
    while (hub.sessions.size > 0 && clock.monotonic() < deadline) {
      await new Promise<void>((resolve) => clock.after(CLOSING_POLL_MS, resolve));
    }
  }

  return {
    async start() {
      try {
        storage = await openAppStore(config, nodeId, clock, logger);
        parts = compose(storage);
        await openRpcPorts(parts);
        const { gateway, http, rpc } = parts;
        const isShared = worker !== undefined;
        openWebPorts(servers, { config, ports, gateway, http, rpc, proxies, isShared, logger });
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
      const leaving = parts.interop.leave();
      fanout.publish(BROADCAST, { kind: "notice", notice: "draining" });
      parts.chat.drain();
      // Calls of back ends on connections that are still open go on until these are closed.
      if (worker === undefined) for (const api of parts.apis) api.drain();
      await leaving;
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
      collector.stop();
      const closing = servers;
      servers = [];
      const graceful = closing.map((server) => server.stop());
      await closeSessions();
      await parts?.interop.stop();
      await parts?.cluster?.stop();
      // Subscribe streams were sessions, and have been told; the rest are watchers and links.
      parts?.rpc.endStreams();
      const calls = [rpcServer?.stop(CALLS_MS_MAX), peerServer?.stop(CALLS_MS_MAX)];
      await new Promise<void>((resolve) => clock.after(CLOSING_POLL_MS, resolve));
      for (const server of closing) void server.stop(true);
      await Promise.allSettled([...graceful, ...calls]);
      await storage?.store.close();
      await storage?.redis?.close();
    },

    report(lists) {
      assert(parts !== undefined, "only a node that runs reports");
      return parts.ownReport(lists);
    },
  };
}

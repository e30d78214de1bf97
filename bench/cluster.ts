/**
 * Cluster: a room with members on every node of a cluster of 1, 2 and 3: how many messages a second, what Redis and the links do for
 * each, and how much later a message is heard on another node than on the sender's. Everything runs on this machine.
 */
import { ClusterSite } from "../test/chaos/cluster-site.ts";
import { BareHop } from "./harness/bare-hop.ts";
import { type Bench, type BenchContext, listFlag, numberFlag, type Outcome } from "./harness/bench.ts";
import { ClusterClient } from "./harness/cluster-client.ts";
import { Latencies } from "./harness/latencies.ts";
import { type Spread, spread } from "./harness/statistics.ts";

const ROOM = "room:bench";
const LEASE_SECONDS = 10;
const ARRIVAL_MS_MAX = 20_000;
const WARM_UP_MESSAGES = 10_000;
const WARM_UP_AT_ONCE = 100;
/** A disk that stands still for a moment shows in the tail, and refuses nothing. */
const REDIS_TIMEOUT_MS = 30_000;
/**
 * Messages that go one by one before those that are measured: what serves each alone is used often then as well. The runtime compiles it,
 * and until it has done so it takes a core for ten milliseconds now and then.
 */
const WARM_UP_TRIPS = 8_000;
/** So far apart that one message is heard everywhere before the next is sent. */
const PACE_MS = 5;

export const bench: Bench = {
  name: "cluster",
  question:
    "How many messages per second does a room with members on all nodes carry on 1, 2 and 3 nodes, how much later is a message heard on another node, and what do Redis and the links do for each?",
  flags: {
    nodes: { default: "1,2,3", help: "sizes of the cluster" },
    members: { default: 30, max: 1_000, help: "members of the room, spread over the nodes" },
    repeats: { default: 3, max: 50, help: "measurements of the rate per size" },
    "repeat-ms": { default: 2_000, max: 20_000, help: "length of one measurement" },
    "in-flight": { default: 64, max: 1_000, help: "unanswered messages per node" },
    trips: { default: 2_000, max: 20_000, help: "messages of the latency measurement" },
    appendfsync: { default: "everysec", help: "of Redis: everysec, or always" },
    "text-chars": { default: 40, max: 10_000, help: "characters of the text of a message" },
  },
  run,
};

interface Rate {
  readonly messagesPerSecond: number;
  readonly redisCallsPerMessage: number;
  readonly linkBytesPerMessage: number;
  readonly gapsFilled: number;
}

async function run(context: BenchContext): Promise<Outcome> {
  const results = [];
  for (const nodes of listFlag(context, "nodes").map(Number)) {
    const each = Math.max(2, Math.floor(numberFlag(context, "members") / nodes));
    const open = { nodes, each, proxied: false };
    // More would have this process read what those near have heard before it gets to those far away.
    const latency = await onSite(context, { ...open, each: 2 }, (_, members) =>
      measureHops(context, members),
    );
    const direct = await onSite(context, open, (site, members) => measureRates(context, site, members));
    const proxied = await onSite(context, { ...open, proxied: true }, (site, members) =>
      measureRates(context, site, members),
    );
    const of = (rates: readonly Rate[], field: keyof Rate): Spread =>
      spread(rates.map((rate) => rate[field]));
    const result = {
      nodes,
      messagesPerSecond: of(direct, "messagesPerSecond"),
      redisCallsPerMessage: of(direct, "redisCallsPerMessage"),
      gapsFilled: direct.reduce((sum, rate) => sum + rate.gapsFilled, 0),
      linkBytesPerMessage: of(proxied, "linkBytesPerMessage"),
      ...latency,
    };
    context.progress(JSON.stringify(result));
    results.push(result);
  }
  const [first] = results;
  const ratios = Object.fromEntries(
    results
      .slice(1)
      .map(({ nodes, messagesPerSecond }) => [
        `${nodes} nodes to ${first?.nodes}`,
        { messagesPerSecond: messagesPerSecond.median / (first?.messagesPerSecond.median ?? Number.NaN) },
      ]),
  );
  return {
    results,
    ratios,
    notes: ["All nodes, Redis and the clients share this machine's cores: more nodes do not make it faster."],
  };
}

/** Members by node. */
type Members = readonly (readonly ClusterClient[])[];

interface SiteOptions {
  readonly nodes: number;
  /** Members on each node. */
  readonly each: number;
  /** Links go through a proxy that counts. */
  readonly proxied: boolean;
}

async function onSite<T>(
  context: BenchContext,
  { nodes, each, proxied }: SiteOptions,
  measure: (site: ClusterSite, members: Members) => Promise<T>,
): Promise<T> {
  const args = [
    "--log-level",
    "warn",
    "--frames-per-second",
    "1000000",
    "--redis-timeout-ms",
    String(REDIS_TIMEOUT_MS),
  ];
  const appendFsync = context.flags["appendfsync"] === "always" ? "always" : "everysec";
  await using site = await ClusterSite.start({
    nodes,
    leaseSeconds: LEASE_SECONDS,
    proxied,
    appendFsync,
    args,
  });
  const members = await Promise.all(
    site.nodes.map(({ name, prim }) =>
      Promise.all(
        Array.from({ length: each }, (_, index) =>
          ClusterClient.open(prim.webSocketUrl, `${name}-${index}`, ROOM),
        ),
      ),
    ),
  );
  try {
    const [sender] = members[0] ?? [];
    for (let count = 1; count <= WARM_UP_MESSAGES; count += 1) {
      sender?.send(ROOM, "warm up");
      if (count % WARM_UP_AT_ONCE === 0) await allHeard(members, count);
    }
    return await measure(site, members);
  } finally {
    for (const client of members.flat()) client.close();
  }
}

/**
 * One message at a time, from the first node: when it is heard there, and how much later on each other. Between them, in turn, one
 * as long between two bare nodes: on a machine that others share, the tail of both is its.
 */
async function measureHops(context: BenchContext, members: Members) {
  await using stack = new AsyncDisposableStack();
  const bare = await BareHop.start(context, stack);
  const bareHop = new Latencies();
  const near = new Latencies();
  const hop = new Latencies();
  const [sender] = members[0] ?? [];
  const listeners = members.map((clients) => clients[1]);
  let heardAt: number[] = [];
  for (const [node, listener] of listeners.entries()) {
    if (listener !== undefined) listener.onMessage = () => (heardAt[node] = performance.now());
  }
  const trips = numberFlag(context, "trips");
  const text = "x".repeat(numberFlag(context, "text-chars"));
  let heard = WARM_UP_MESSAGES;
  const send = async (pauseMs: number): Promise<void> => {
    heardAt = [];
    sender?.send(ROOM, text);
    await Bun.sleep(pauseMs);
    heard += 1;
    await allHeard(members, heard);
  };
  for (let trip = 0; trip < WARM_UP_TRIPS; trip += 1) await send(1);
  for (let trip = 0; trip < trips; trip += 1) {
    const sentAt = performance.now();
    await send(PACE_MS);
    const [first = Number.NaN, ...others] = heardAt;
    near.add((first - sentAt) * 1_000);
    for (const at of others) hop.add((at - first) * 1_000);
    if (members.length === 1) continue;
    bareHop.add((await bare.trip(text.length)) * 1_000);
    await Bun.sleep(PACE_MS);
  }
  if (members.length === 1) return { sameNode: near.summary() };
  return { sameNode: near.summary(), addedByHop: hop.summary(), addedByBareHop: bareHop.summary() };
}

async function measureRates(context: BenchContext, site: ClusterSite, members: Members): Promise<Rate[]> {
  const rates: Rate[] = [];
  let heard = WARM_UP_MESSAGES;
  for (let repeat = 0; repeat < numberFlag(context, "repeats"); repeat += 1) {
    const before = await countersOf(site);
    const startedAt = performance.now();
    const sent = await sendAll(context, members);
    heard += sent;
    await allHeard(members, heard);
    const wallMs = performance.now() - startedAt;
    const after = await countersOf(site);
    rates.push({
      messagesPerSecond: (sent / wallMs) * 1_000,
      redisCallsPerMessage: (after.redisCalls - before.redisCalls) / sent,
      linkBytesPerMessage: (after.linkBytes - before.linkBytes) / sent,
      gapsFilled: after.gapsFilled - before.gapsFilled,
    });
  }
  return rates;
}

/** One sender per node keeps so many under way, until the time is over. @returns how many were sent. */
async function sendAll(context: BenchContext, members: Members): Promise<number> {
  const text = "x".repeat(numberFlag(context, "text-chars"));
  const inFlight = numberFlag(context, "in-flight");
  const until = performance.now() + numberFlag(context, "repeat-ms");
  const sentByNode = members.map(([sender]) => {
    const { promise, resolve } = Promise.withResolvers<number>();
    if (sender === undefined) return Promise.resolve(0);
    let sent = 0;
    let underWay = 0;
    const send = () => {
      sent += 1;
      underWay += 1;
      sender.send(ROOM, text);
    };
    sender.onAnswer = () => {
      underWay -= 1;
      if (performance.now() < until) send();
      else if (underWay === 0) resolve(sent);
    };
    for (let count = 0; count < inFlight; count += 1) send();
    return promise;
  });
  const sent = (await Promise.all(sentByNode)).reduce((sum, count) => sum + count, 0);
  for (const [sender] of members) if (sender !== undefined) sender.onAnswer = () => {};
  return sent;
}

async function countersOf({ redis, nodes }: ClusterSite) {
  const stats = String(await redis.admin.info("commandstats"));
  const redisCalls = [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
  const gaps = await Promise.all(nodes.map(({ prim }) => prim.metric("prim_gaps_filled_total")));
  return {
    redisCalls,
    gapsFilled: gaps.reduce((sum, count) => sum + count, 0),
    linkBytes: nodes.reduce((sum, { link }) => sum + link.bytes, 0),
  };
}

async function allHeard(members: Members, count: number): Promise<void> {
  const until = performance.now() + ARRIVAL_MS_MAX;
  while (members.flat().some(({ messages }) => messages < count)) {
    if (performance.now() > until) throw new Error("Messages are missing");
    await Bun.sleep(1);
  }
}

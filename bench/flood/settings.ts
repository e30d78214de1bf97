/**
 * The settings of a flood: flags, what each scenario sets instead of their defaults, and the rules
 * between them. Of a number, 0 on the command line means: as the scenario says.
 */
import type { BenchContext, Flag } from "../harness/bench.ts";
import { type Distribution, ROOMS_EACH_MAX, type Spelling } from "./plan.ts";

/** Below the 20,000 files that a process may usually open, with room for the others. */
export const PER_PROCESS_MAX = 17_500;
/** Client processes: each takes an address of 127.0.0.0/8 and some 40 MB. */
const PROCESSES_MAX = 120;
/** Messages of one run times their receivers' processes are what has to be remembered. */
const MESSAGES_MAX = 2_000_000;

/** What the wheel of arrivals holds. */
const RAMP_SECONDS_MAX = 1_700;

export interface FloodSettings {
  readonly connections: number;
  /** New connections a second. */
  readonly rate: number;
  readonly nodes: number;
  readonly clientProcesses: number;
  readonly holdSeconds: number;
  readonly heartbeatSeconds: number;
  readonly sends: number;
  readonly pings: number;
  readonly pushes: number;
  readonly leaves: number;
  readonly textBytes: number;
  readonly rooms: number;
  readonly roomsEach: number;
  readonly spreadMs: number;
  readonly distribution: Distribution;
  readonly format: "json" | "protobuf";
  readonly spelling: Spelling;
  readonly url: string;
  readonly httpUrl: string;
  readonly rpcUrl: string;
  readonly serverPid: number;
  readonly redis: boolean;
  /** One in so many connections is unsteady; 0: none. Not a flag. */
  readonly unsteadyEvery: number;
  readonly resume: boolean;
}

export type ScenarioDefaults = Partial<FloodSettings>;

const BASE: FloodSettings = {
  connections: 1_000,
  rate: 1_000,
  nodes: 1,
  clientProcesses: 1,
  holdSeconds: 20,
  heartbeatSeconds: 30,
  sends: 0,
  pings: 0,
  pushes: 0,
  leaves: 0,
  textBytes: 100,
  rooms: 0,
  roomsEach: 1,
  spreadMs: 1_000,
  distribution: "even",
  format: "json",
  spelling: "prim",
  url: "",
  httpUrl: "",
  rpcUrl: "",
  serverPid: 0,
  redis: false,
  unsteadyEvery: 0,
  resume: false,
};

/** The flags that a flood has, whatever its scenario. */
export const FLOOD_FLAGS = {
  connections: number("connections in all", 5_000_000),
  rate: number("new connections a second", 100_000),
  nodes: number("prims to start, each on ports of its own", 200),
  "client-processes": number("processes that hold the connections", PROCESSES_MAX),
  "hold-seconds": number("how long the load lasts", 3_000),
  "heartbeat-seconds": number("longest time between two heartbeats of a connection", 900),
  sends: number("messages a second, of all connections together", 100_000),
  pings: number("pings a second, of all connections together", 200_000),
  pushes: number("pushes a second by back ends", 10_000),
  leaves: number("connections that leave and come back, a second", 20_000),
  "text-bytes": number("length of a message's text", 60_000),
  rooms: number("rooms in all", 500_000),
  "rooms-each": number("rooms that each connection joins", ROOMS_EACH_MAX),
  "spread-ms": number("time over which a storm comes back", 600_000),
  distribution: { default: "even", choices: ["even", "zipf"], help: "sizes of the rooms" },
  format: { default: "json", choices: ["json", "protobuf"], help: "frames" },
  spelling: { default: "prim", choices: ["prim", "reference"], help: "words in JSON frames" },
  url: { default: "", help: "flood this server, ws://host:port/acc, instead of starting prim" },
  "http-url": { default: "", help: "its HTTP interface, for pushes" },
  "rpc-url": { default: "", help: "its gRPC port, for pushes" },
  "server-pid": { default: 0, min: 0, help: "its process, to measure its memory and CPU; 0: don't" },
  redis: { default: false, help: "start a Redis and make the nodes one cluster" },
} as const satisfies Record<string, Flag>;

function number(help: string, max: number): Flag<number> {
  return { default: 0, min: 0, max, help: `${help}; 0: as the scenario says` };
}

/** @throws {Error} on settings that contradict each other. */
export function floodSettings(context: BenchContext, defaults: ScenarioDefaults): FloodSettings {
  const { flags } = context;
  const byScenario = { ...BASE, ...defaults };
  const given = (flag: keyof typeof FLOOD_FLAGS, byDefault: number): number =>
    Number(flags[flag]) === 0 ? byDefault : Number(flags[flag]);
  const connections = given("connections", byScenario.connections);
  const enough = Math.ceil(connections / PER_PROCESS_MAX);
  const settings: FloodSettings = {
    ...byScenario,
    connections,
    rate: given("rate", byScenario.rate),
    nodes: given("nodes", Math.max(byScenario.nodes, enough)),
    clientProcesses: given("client-processes", Math.max(byScenario.clientProcesses, enough)),
    holdSeconds: given("hold-seconds", byScenario.holdSeconds),
    heartbeatSeconds: given("heartbeat-seconds", byScenario.heartbeatSeconds),
    sends: given("sends", byScenario.sends),
    pings: given("pings", byScenario.pings),
    pushes: given("pushes", byScenario.pushes),
    leaves: given("leaves", byScenario.leaves),
    textBytes: given("text-bytes", byScenario.textBytes),
    rooms: given("rooms", byScenario.rooms),
    roomsEach: given("rooms-each", byScenario.roomsEach),
    spreadMs: given("spread-ms", byScenario.spreadMs),
    distribution: flags["distribution"] as Distribution,
    format: flags["format"] as "json" | "protobuf",
    spelling: flags["spelling"] as Spelling,
    url: String(flags["url"]),
    httpUrl: String(flags["http-url"]),
    rpcUrl: String(flags["rpc-url"]),
    serverPid: Number(flags["server-pid"]),
    redis: flags["redis"] === true,
  };
  checkTogether(settings);
  // Independent nodes have rooms of their own, at least one each.
  const domains = settings.url !== "" || settings.redis ? 1 : settings.nodes;
  const rooms = settings.rooms === 0 ? 0 : Math.ceil(settings.rooms / domains) * domains;
  return { ...settings, rooms };
}

function checkTogether(settings: FloodSettings): void {
  const refuse = (reason: string): never => {
    throw new Error(`Flags contradict each other: ${reason}`);
  };
  const { connections, nodes, clientProcesses, url, resume } = settings;
  const messages = (settings.sends + settings.pushes) * settings.holdSeconds;
  if (clientProcesses > connections || (url === "" && nodes > connections)) {
    refuse(`${connections} connections are fewer than processes or nodes`);
  }
  if (settings.format === "protobuf" && settings.spelling === "reference") {
    refuse("the reference spelling is one of JSON frames");
  }
  if (resume && settings.format === "protobuf") refuse("this scenario reads positions from JSON frames");
  if (url !== "" && settings.redis) refuse('"--redis" is for nodes that the flood starts');
  if (url !== "" && !/^ws:\/\/[^/]+/.test(url))
    refuse(`"--url" is no address like ws://host:port/acc: "${url}"`);
  if (connections / settings.rate > RAMP_SECONDS_MAX) {
    refuse(
      `${connections} connections at ${settings.rate} a second are a ramp of more than ${RAMP_SECONDS_MAX} s`,
    );
  }
  if (messages > MESSAGES_MAX) {
    refuse(`${messages} messages in one run are more than ${MESSAGES_MAX}: send less, or for a shorter time`);
  }
}

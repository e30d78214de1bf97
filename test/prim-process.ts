/**
 * A real prim in a process of its own, as an operator starts it, on free ports.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEADLINE_MS, within } from "./deadline.ts";

const MAIN = join(import.meta.dir, "../src/main.ts");
/** Ports that the machine chooses, on an address that nobody else reaches. */
export const FREE_PORTS = [
  "--http-port",
  "0",
  "--websocket-port",
  "0",
  "--rpc-port",
  "0",
  "--host",
  "127.0.0.1",
];

export interface PrimProcessOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Default a new one that leaves with the process; "none" keeps nothing. */
  readonly dataDir?: string;
}

/** The parts of `/system/state` that tests look at. */
export interface SystemState {
  readonly connections: number;
  readonly sessions: number;
  readonly users: number;
  readonly rooms: number;
  readonly channels: number;
  readonly draining: boolean;
  readonly sendsUnderWay: number;
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number };
}

export interface HttpAnswer<Data = Record<string, unknown>> {
  readonly code: number;
  readonly msg: string;
  readonly data: Data;
}

/** What a process that ends by itself leaves behind. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string[];
  readonly stderr: string[];
}

const running = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class PrimProcess {
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly exited: Promise<number>;
  webSocketUrl = "";
  httpUrl = "";
  /** `host:port` of gRPC. */
  rpcAddress = "";
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #ownFolder: string | undefined;
  #onLine = () => {};

  private constructor(options: PrimProcessOptions, args: readonly string[], ownFolder?: string) {
    this.#ownFolder = ownFolder;
    this.#child = spawn(args, options);
    running.add(this.#child);
    const reading = Promise.all([
      this.#read(this.#child.stdout, this.stdout),
      this.#read(this.#child.stderr, this.stderr),
    ]);
    this.exited = this.#child.exited.then(async (exitCode) => {
      running.delete(this.#child);
      await reading;
      if (ownFolder !== undefined) rmSync(ownFolder, { recursive: true, force: true });
      return exitCode;
    });
  }

  /** Starts prim and waits until it listens. */
  static async start(options: PrimProcessOptions = {}): Promise<PrimProcess> {
    const ownFolder = options.dataDir === undefined ? temporaryFolder() : undefined;
    const dataDir = options.dataDir ?? join(ownFolder ?? "", "data");
    const args = [...FREE_PORTS, "--data-dir", dataDir, ...(options.args ?? [])];
    const prim = new PrimProcess(options, args, ownFolder);
    await prim.#untilListening();
    return prim;
  }

  /** Runs prim, with exactly these arguments, until it ends by itself. */
  static async run(args: readonly string[], options: PrimProcessOptions = {}): Promise<Outcome> {
    const prim = new PrimProcess(options, args);
    try {
      const exitCode = await within(prim.exited, "prim to exit");
      return { exitCode, stdout: prim.stdout, stderr: prim.stderr };
    } finally {
      prim.signal("SIGKILL");
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async kill9(): Promise<void> {
    this.signal("SIGKILL");
    await within(this.exited, "the killed prim to be gone");
  }

  /** SIGTERM, and SIGKILL if that is of no use. Safe to repeat. */
  async stop(): Promise<number> {
    this.signal("SIGTERM");
    try {
      return await within(this.exited, "prim to stop");
    } finally {
      this.signal("SIGKILL");
      if (this.#ownFolder !== undefined) rmSync(this.#ownFolder, { recursive: true, force: true });
    }
  }

  async state(): Promise<SystemState> {
    return (await this.get<SystemState>("/system/state")).data;
  }

  /** Numbers of `/metrics`, all of the same moment. */
  async metrics(...names: readonly string[]): Promise<number[]> {
    const lines = (await (await fetch(`${this.httpUrl}/metrics`)).text()).split("\n");
    return names.map((name) => {
      const line = lines.find((candidate) => candidate.startsWith(`${name} `));
      if (line === undefined) throw new Error(`No such metric: "${name}"`);
      return Number(line.slice(name.length + 1));
    });
  }

  /** One number of `/metrics`. */
  async metric(name: string): Promise<number> {
    const [value = Number.NaN] = await this.metrics(name);
    return value;
  }

  async get<Data = Record<string, unknown>>(path: string): Promise<HttpAnswer<Data>> {
    const response = await fetch(this.httpUrl + path);
    return (await response.json()) as HttpAnswer<Data>;
  }

  /** @param body a form, or JSON if `json` is true. */
  async post<Data = Record<string, unknown>>(
    path: string,
    body: Readonly<Record<string, string | number>>,
    json = false,
  ): Promise<HttpAnswer<Data>> {
    const form = new URLSearchParams(Object.entries(body).map(([name, value]) => [name, String(value)]));
    const response = await fetch(this.httpUrl + path, {
      method: "POST",
      ...(json
        ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } }
        : { body: form }),
    });
    return (await response.json()) as HttpAnswer<Data>;
  }

  /** Waits for a line on one of the outputs. */
  async line(
    output: "stdout" | "stderr",
    wanted: (line: string) => boolean,
    what: string,
    deadlineMs = DEADLINE_MS,
  ): Promise<string> {
    const found = new Promise<string>((resolve) => {
      const before = this.#onLine;
      this.#onLine = () => {
        before();
        const line = this[output].find(wanted);
        if (line !== undefined) resolve(line);
      };
      this.#onLine();
    });
    return within(found, `${what} on ${output}`, deadlineMs);
  }

  async #untilListening(): Promise<void> {
    const dead = this.exited.then((code) => {
      throw new Error(`prim ended with exit code ${code}:\n${this.stderr.join("\n")}`);
    });
    try {
      const line = this.line("stdout", (text) => text.startsWith("prim: listening "), "the listening line");
      const [, webSocketUrl, httpUrl, rpcAddress] =
        /websocket=(\S+) http=(\S+) rpc=(\S+)/.exec(await Promise.race([line, dead])) ?? [];
      this.webSocketUrl = webSocketUrl ?? "";
      this.httpUrl = httpUrl ?? "";
      this.rpcAddress = rpcAddress ?? "";
      dead.catch(() => {}); // That it ends later is no failure of the start.
    } catch (error) {
      this.signal("SIGKILL");
      throw error;
    }
  }

  async #read(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      this.#onLine();
    }
    if (rest !== "") lines.push(rest);
  }
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "prim-test-"));
}

function spawn(args: readonly string[], { env, cwd }: PrimProcessOptions) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("PRIM_"));
  return Bun.spawn([process.execPath, MAIN, ...args], {
    cwd: cwd ?? tmpdir(),
    env: { ...Object.fromEntries(inherited), ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

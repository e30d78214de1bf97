/**
 * What the supervisor and its workers say to each other, over the runtime's channel between processes.
 */
import type { NodeReport } from "../core/machine-state.ts";

/** The environment variable in which a worker finds its WorkerOrder, as JSON. */
export const WORKER_ENV = "WORKER_OF_PRIM";

/** The ports that all workers share. */
export interface SharedPorts {
  readonly httpPort: number;
  readonly webSocketPort: number;
  readonly rpcPort: number;
}

/** What a worker is told when it starts. */
export interface WorkerOrder {
  /** From 0; one that replaces another has its index. */
  readonly index: number;
  /** Undefined for the first: it takes those of the configuration. */
  readonly ports: SharedPorts | undefined;
}

/** What a worker says of itself, for an answer about the whole machine. */
export interface WorkerReport extends NodeReport {
  /** As the metrics library hands them on. */
  readonly metrics: object;
}

export type FromWorker =
  | { readonly kind: "ready"; readonly ports: SharedPorts }
  /** Asks for the reports of all workers. */
  | { readonly kind: "collect"; readonly id: number; readonly lists: boolean }
  | { readonly kind: "report"; readonly id: number; readonly report: WorkerReport };

export type ToWorker =
  | { readonly kind: "stop" }
  /** Asks for the worker's own report. */
  | { readonly kind: "report"; readonly id: number; readonly lists: boolean }
  /** Reports of all workers that answered in time, whoever asked among them. */
  | { readonly kind: "collected"; readonly id: number; readonly reports: readonly WorkerReport[] };

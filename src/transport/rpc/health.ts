/**
 * grpc.health.v1: the standard question "do you take calls?", answered from a HealthBoard
 * (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
 */
import type { ServiceImpl } from "@connectrpc/connect";
import { PrimError } from "../../base/errors.ts";
import {
  type Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.ts";
import type { HealthBoard } from "./health-board.ts";

export function createHealth(board: HealthBoard): ServiceImpl<typeof Health> {
  return {
    check({ service }) {
      const serving = board.serving(service);
      if (serving === undefined)
        throw new PrimError("not_found", "Cannot find the service: this server has none of that name");
      return { status: statusOf(serving) };
    },
    // A watcher of an unknown service is not turned away: the service may come.
    async *watch({ service }, { signal }) {
      for await (const serving of board.watch(service, signal)) yield { status: statusOf(serving) };
    },
    list() {
      const statuses = Array.from(board.entries(), ([name, serving]) => [
        name,
        { status: statusOf(serving) },
      ]);
      return { statuses: Object.fromEntries(statuses) };
    },
  };
}

function statusOf(serving: boolean | undefined): ServingStatus {
  if (serving === undefined) return ServingStatus.SERVICE_UNKNOWN;
  return serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}

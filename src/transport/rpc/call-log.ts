/**
 * Logs how each call ended: at `debug`, so that it costs nothing in normal operation, but at `error` with its
 * cause where prim itself is to blame. Contents are never logged.
 */
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";

/** To be the outermost interceptor: it sees the code that the caller sees, and the whole time. */
export function callLogInterceptor(log: Logger, clock: Clock, onCall: () => void): Interceptor {
  return (next) => async (request) => {
    onCall();
    const startedMs = clock.monotonic();
    const method = `${request.service.typeName}/${request.method.name}`;
    const ended = (error?: unknown) => logEnd(log, method, clock.monotonic() - startedMs, error);
    try {
      const response = await next(request);
      if (response.stream) return { ...response, message: untilEnd(response.message, ended) };
      ended();
      return response;
    } catch (error) {
      ended(error);
      throw error;
    }
  };
}

async function* untilEnd<T>(messages: AsyncIterable<T>, ended: (error?: unknown) => void): AsyncGenerator<T> {
  let failure: unknown;
  try {
    yield* messages;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    ended(failure);
  }
}

function logEnd(log: Logger, method: string, durationMs: number, error: unknown): void {
  const failure = error === undefined ? undefined : ConnectError.from(error);
  const code = failure === undefined ? "Ok" : Code[failure.code];
  if (failure?.code === Code.Internal || failure?.code === Code.Unknown) {
    log.error("rpc call failed", { method, code, durationMs, error: failure.cause ?? failure });
  } else {
    log.debug("rpc call ended", { method, code, durationMs });
  }
}

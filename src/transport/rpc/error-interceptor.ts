/**
 * Maps whatever an implementation throws, and holds calls to their end: what is done after the deadline, the
 * caller's cancel or the node's drain has that outcome, even if the implementation did not look.
 */
import type { Interceptor } from "@connectrpc/connect";
import { toConnectError } from "./errors.ts";

export const errorInterceptor: Interceptor = (next) => async (request) => {
  try {
    const response = await next(request);
    if (response.stream) return { ...response, message: mapErrors(response.message, request.signal) };
    request.signal.throwIfAborted();
    return response;
  } catch (error) {
    throw toConnectError(error, request.signal);
  }
};

async function* mapErrors<T>(messages: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  try {
    yield* messages;
    signal.throwIfAborted();
  } catch (error) {
    throw toConnectError(error, signal);
  }
}

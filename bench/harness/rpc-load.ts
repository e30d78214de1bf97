/**
 * Calls over RPC: unary ones, a bounded number at the same time, and streams that are opened and cancelled.
 */
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { createConnectTransport as createFetchTransport } from "@connectrpc/connect-web";
import { ChatService } from "../../src/gen/prim/v1/chat_service_pb.ts";
import { PushService } from "../../src/gen/prim/v1/push_pb.ts";

export type RpcPath = "connect-h1" | "connect-h2" | "grpc-h2c";

/** Binary on all paths; HTTP/1.1 by fetch, which is the quickest client there is on Bun. */
export function transportOf(
  path: RpcPath,
  { httpUrl, rpcUrl }: { httpUrl: string; rpcUrl: string },
): Transport {
  switch (path) {
    case "connect-h1":
      return createFetchTransport({ baseUrl: httpUrl, useBinaryFormat: true });
    case "connect-h2":
      return createConnectTransport({ baseUrl: httpUrl, httpVersion: "2", useBinaryFormat: true });
    case "grpc-h2c":
      return createGrpcTransport({ baseUrl: rpcUrl });
  }
}

/**
 * Asks who is online until it was done `count` times or the time is over.
 *
 * @returns the calls done, with the time of each in microseconds.
 */
export async function unaryCalls(
  transport: Transport,
  {
    atOnce,
    count = Infinity,
    durationMs = Infinity,
  }: { atOnce: number; count?: number; durationMs?: number },
): Promise<{ readonly calls: number; readonly wallMs: number; readonly microseconds: readonly number[] }> {
  const push = createClient(PushService, transport);
  const users = [{ userId: "ann" }];
  const microseconds: number[] = [];
  const started = performance.now();
  let begun = 0;
  const work = async () => {
    while (begun < count && performance.now() - started < durationMs) {
      begun += 1;
      const before = performance.now();
      await push.queryUsersOnline({ users }, { timeoutMs: 10_000 });
      microseconds.push((performance.now() - before) * 1_000);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { calls: microseconds.length, wallMs: performance.now() - started, microseconds };
}

/** Opens Subscribe streams, a login each, and cancels each when it is open. */
export async function cancelledStreams(transport: Transport, count: number, atOnce: number): Promise<void> {
  const chat = createClient(ChatService, transport);
  let begun = 0;
  const work = async () => {
    while (begun < count) {
      begun += 1;
      const { token } = await chat.login(
        { userId: `user-${begun}`, appPlatform: 101 },
        { timeoutMs: 10_000 },
      );
      const controller = new AbortController();
      const headers = { authorization: `Bearer ${token}` };
      try {
        for await (const { subscribed } of chat.subscribe({}, { headers, signal: controller.signal })) {
          if (subscribed !== undefined) controller.abort();
        }
      } catch (error) {
        if (!controller.signal.aborted) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/**
 * A Subscribe stream that is read as it comes, for tests.
 */
import { type Client, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import type { JoinedChannel } from "../../src/gen/prim/v1/chat_pb.ts";
import { ChatService } from "../../src/gen/prim/v1/chat_service_pb.ts";
import type { Push } from "../../src/gen/prim/v1/frame_pb.ts";
import type { Message } from "../../src/gen/prim/v1/message_pb.ts";
import { eventually } from "./prim-process.ts";

export interface Position {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: bigint;
}

export interface StreamEnd {
  readonly code: number;
  readonly rawMessage: string;
  readonly reason: string | undefined;
}

export interface StreamOptions {
  readonly positions?: readonly Position[];
  /** Opens the stream for a login there is already. */
  readonly token?: string;
  readonly transport?: Transport;
}

export interface StreamClient extends AsyncDisposable {
  readonly chat: Client<typeof ChatService>;
  readonly token: string;
  /** What calls of this login carry. */
  readonly headers: Record<string, string>;
  readonly sessionId: string;
  readonly channels: readonly JoinedChannel[];
  readonly events: () => readonly Push["event"][];
  readonly messages: () => readonly Message[];
  /** Waits for what has come. */
  until(
    condition: (messages: readonly Message[], events: readonly Push["event"][]) => boolean,
  ): Promise<void>;
  /** Why the stream ended; undefined if it ended without an error. */
  readonly ended: Promise<StreamEnd | undefined>;
  cancel(): void;
}

/** Logs in on the web platform and subscribes; resolves when the stream is open. */
export async function openStream(
  rpcAddress: string,
  userId: string,
  options: StreamOptions = {},
): Promise<StreamClient> {
  const transport = options.transport ?? createGrpcTransport({ baseUrl: `http://${rpcAddress}` });
  const chat = createClient(ChatService, transport);
  const token = options.token ?? (await chat.login({ userId, appPlatform: 101 })).token;
  const headers = { authorization: `Bearer ${token}` };
  const controller = new AbortController();
  const positions = [...(options.positions ?? [])];
  const stream = chat.subscribe({ positions }, { headers, signal: controller.signal });
  const responses = stream[Symbol.asyncIterator]();
  const first = (await responses.next()).value?.subscribed;
  if (first === undefined) throw new Error("The first response does not say that the stream is open");
  const events: Push["event"][] = [];
  const read = async (): Promise<StreamEnd | undefined> => {
    try {
      for (let next = await responses.next(); !next.done; next = await responses.next()) {
        events.push(...next.value.pushes.map(({ event }) => event));
      }
      return undefined;
    } catch (error) {
      return endOf(error);
    }
  };
  const ended = read();
  const messages = () => events.flatMap((event) => (event.case === "msg" ? [event.value] : []));
  return {
    chat,
    token,
    headers,
    sessionId: first.sessionId,
    channels: first.channels,
    events: () => events,
    messages,
    until: (condition) => eventually(() => condition(messages(), events)),
    ended,
    cancel: () => controller.abort(),
    [Symbol.asyncDispose]: async () => {
      controller.abort();
      await ended;
    },
  };
}

export function endOf(error: unknown): StreamEnd {
  const failure = ConnectError.from(error);
  const [info] = failure.findDetails(ErrorInfoSchema);
  return { code: failure.code, rawMessage: failure.rawMessage, reason: info?.reason };
}

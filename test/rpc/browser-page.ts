/**
 * The script of a page that uses ChatService with connect-web, from another origin than prim's. It leaves what
 * it saw in `window.outcome`.
 */
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { ChatService } from "../../src/gen/prim/v1/chat_service_pb.ts";

export interface Outcome {
  readonly protocol: string;
  readonly joined: readonly string[];
  readonly pushed: readonly string[];
  readonly sentOffset: string;
  readonly history: readonly string[];
  readonly refused: { readonly code: number; readonly reason: string | undefined };
  readonly end: number;
}

export async function talk(protocol: string, baseUrl: string): Promise<Outcome> {
  const transport = transportOf(protocol, baseUrl);
  const chat = createClient(ChatService, transport);
  const { token } = await chat.login({ userId: `page-${protocol}`, appPlatform: 101 });
  const headers = { authorization: `Bearer ${token}` };
  const controller = new AbortController();
  const joined: string[] = [];
  const pushed: string[] = [];
  let sentOffset = "";
  let end = 0;
  try {
    for await (const { subscribed, pushes } of chat.subscribe({}, { headers, signal: controller.signal })) {
      if (subscribed !== undefined) {
        joined.push(...subscribed.channels.map(({ channel }) => channel));
        await chat.join({ channel: "room:page" }, { headers });
        const to = { case: "channel", value: "room:page" } as const;
        sentOffset = String((await chat.send({ to, msg: `hello by ${protocol}` }, { headers })).offset);
      }
      for (const { event } of pushes) {
        if (event.case === "msg") pushed.push(`${event.value.offset} ${event.value.msg}`);
        if (pushed.length === 2) controller.abort();
      }
    }
  } catch (error) {
    end = ConnectError.from(error).code;
  }
  const page = await chat.history({ channel: "room:101", limit: 5 }, { headers });
  const failure = ConnectError.from(
    await chat.history({ channel: "room:secret" }, { headers }).catch((error) => error),
  );
  const refused = { code: failure.code, reason: failure.findDetails(ErrorInfoSchema)[0]?.reason };
  const history = page.messages.map(({ msg }) => msg);
  return { protocol, joined, pushed, sentOffset, history, refused, end };
}

function transportOf(protocol: string, baseUrl: string): Transport {
  return protocol === "grpcweb" ? createGrpcWebTransport({ baseUrl }) : createConnectTransport({ baseUrl });
}

Object.assign(window, { talk });

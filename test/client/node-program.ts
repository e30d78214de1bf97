/**
 * What the Node test runs under Node: logs in, sends, and hears its own message over both codecs. Prints one line of JSON.
 */
import { WebSocket } from "ws";
import { type Message, PrimClient, type WebSocketConstructor } from "../../src/client/index.ts";
import { protobufCodec } from "../../src/client/protobuf.ts";

const url = process.argv[2] ?? "";
const heard: Message[] = [];
for (const codec of [undefined, protobufCodec]) {
  const client = new PrimClient({
    url,
    WebSocket: WebSocket as unknown as WebSocketConstructor,
    ...(codec === undefined ? {} : { codec }),
  });
  await client.login({ userId: "node" });
  const messages = client.messages();
  await client.send({ channel: "room:101", msg: `from ${process.version}` });
  const { value } = await messages.next();
  heard.push(value);
  await client.close();
}
process.stdout.write(JSON.stringify({ version: process.version, heard }));

/**
 * What the Node test runs under Node: logs in, sends, and hears its own message over both codecs and over the stream. Prints one
 * line of JSON.
 */
import { WebSocket } from "ws";
import { type Message, PrimClient, type WebSocketConstructor } from "../../src/client/index.ts";
import { protobufCodec } from "../../src/client/protobuf.ts";

const [, , url = "", httpUrl = ""] = process.argv;
const Socket = WebSocket as unknown as WebSocketConstructor;
const heard: Message[] = [];
const wires = [
  { url, WebSocket: Socket },
  { url, WebSocket: Socket, codec: protobufCodec },
  { url: "ws://127.0.0.1:9/acc", WebSocket: Socket, httpUrl },
];
for (const wire of wires) {
  const client = new PrimClient(wire);
  await client.login({ userId: "node" });
  const messages = client.messages();
  await client.send({ channel: "room:101", msg: `from ${process.version}` });
  const { value } = await messages.next();
  heard.push(value);
  await client.close();
}
process.stdout.write(JSON.stringify({ version: process.version, heard }));

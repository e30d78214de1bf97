/**
 * A bot that answers in a room: bun examples/bot.ts [ws://127.0.0.1:8089/acc]. Say "!ping" in room:101.
 */
import { PrimClient } from "../src/client/index.ts";

const client = new PrimClient({ url: process.argv[2] ?? "ws://127.0.0.1:8089/acc" });
client.on("status", ({ status, retryInMs }) => console.log(status, retryInMs ?? ""));

await client.login({ userId: "bot", appPlatform: 104, nickname: "Bot" });
await client.join("room:101");
console.log("Listening in room:101, stop with Ctrl-C");
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());

// Nothing is missed while the connection is down, and nothing is answered twice.
for await (const message of client.messages({ signal: stop.signal })) {
  if (message.from === client.userId || !message.msg.startsWith("!ping")) continue;
  const target = message.target === "" ? { channel: message.channel } : { userId: message.from };
  const { offset } = await client.send({ ...target, msg: `pong, ${message.from}` });
  console.log(`answered ${message.from} at ${offset}`);
}
await client.close();

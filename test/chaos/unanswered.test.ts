/** A message that Redis has stored and whose node never heard of it: the others bring it nevertheless. */
import { expect, test } from "bun:test";
import { ChatClient } from "../chat-client.ts";
import { eventually } from "../deadline.ts";
import { describeWith } from "../parts.ts";
import { ClusterSite, type SiteNode } from "./cluster-site.ts";

const ROOM = "room:yard";

describeWith("redis-server", "a cluster", () => {
  test("brings what was stored although the answer of Redis got lost, before anybody sends again", async () => {
    await using site = await ClusterSite.start({ nodes: 2, leaseSeconds: 10 });
    const [one, two] = site.nodes as [SiteNode, SiteNode];
    const ann = await ChatClient.login(one.prim.webSocketUrl, "ann");
    const bob = await ChatClient.login(two.prim.webSocketUrl, "bob");
    for (const client of [ann, bob]) await client.ok("join", { channel: ROOM });
    const texts = () => bob.messagesIn(ROOM).map(({ msg }) => msg);
    await ann.ok("send", { channel: ROOM, msg: "first" });
    await bob.until(() => texts().length === 1, "the first message");

    site.redis.signal("SIGSTOP");
    const before = one.redisLink.bytes;
    const answer = ann.request("send", { channel: ROOM, msg: "second" }, "the-seq");
    await eventually(
      () => one.redisLink.bytes,
      (bytes) => bytes > before + 100,
      "the message to be on its way to Redis",
    );
    one.redisLink.halfOpen();
    expect((await answer).code).toBe(1013);
    site.redis.signal("SIGCONT");
    await bob.until(() => texts().length === 2, "the message without an answer");

    // The sender was told to try again, and nothing is sent twice.
    const { offset } = await ann.ok("send", { channel: ROOM, msg: "second" }, "the-seq");
    expect(offset).toBe(2);
    await ann.ok("send", { channel: ROOM, msg: "third" });
    await bob.until(() => texts().length === 3, "the third message");
    expect(texts()).toEqual(["first", "second", "third"]);
    await ann.close();
    await bob.close();
  });
});

import { expect, test } from "bun:test";
import { bed, liveToRest, lost } from "../../test/cluster/peer-link-bed.ts";
import { LINK_CLOSE_MS_MAX } from "../base/limits.ts";

test("close() sends what waits and a goodbye; nothing is said afterwards", async () => {
  const { link, life, turn, lives, pass } = bed();
  link.say("1");
  await turn();
  life(1).welcome();
  await turn();
  link.say("2");
  const closed = link.close();
  link.say("3");
  await life(1).over.promise;
  life(1).end();
  await closed;
  expect(life(1).frames).toEqual(["hello", "[1]", "[2]", "goodbye"]);
  await pass(60_000);
  expect(lives.length).toBe(1);
});

test("close() waits for a deaf peer no longer than its time, and opens a link for what was just said", async () => {
  const { link, lives, turn, pass } = bed();
  link.say("1");
  let closed = false;
  const closing = link.close().then(() => {
    closed = true;
  });
  await turn();
  expect(lives.length).toBe(1);
  await pass(LINK_CLOSE_MS_MAX - 100);
  expect(closed).toBe(false);
  await pass(200);
  expect(closed).toBe(true);
  await closing;
});

test("close() says whether the peer has taken everything, and opens no link to one that rests", async () => {
  const rested = bed();
  rested.link.say("1");
  await liveToRest(rested, 1);
  rested.life(1).ack();
  rested.life(1).end();
  await rested.turn();
  expect(await rested.link.close()).toBe(true);
  expect(rested.lives.length).toBe(1);

  const broken = bed();
  broken.link.say("1");
  await broken.turn();
  broken.life(1).end(lost());
  await broken.turn();
  expect(await broken.link.close()).toBe(false);

  const unconfirmed = bed();
  unconfirmed.link.say("1");
  await unconfirmed.turn();
  unconfirmed.life(1).welcome();
  await unconfirmed.turn();
  const closed = unconfirmed.link.close();
  await unconfirmed.life(1).over.promise;
  unconfirmed.life(1).end();
  expect(await closed).toBe(false);
});

test("close() sends what was said while the link went to rest", async () => {
  const stage = bed();
  const { link, life, lives, turn } = stage;
  link.say("1");
  await liveToRest(stage, 1);
  link.say("2");
  const closed = link.close();
  life(1).ack();
  life(1).end();
  await turn();
  life(2).welcome();
  await life(2).over.promise;
  life(2).ack();
  life(2).end();
  expect(life(2).frames).toEqual(["hello", "[2]", "goodbye"]);
  expect(await closed).toBe(true);
  expect(lives.length).toBe(2);
});

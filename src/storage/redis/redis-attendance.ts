/**
 * RedisAttendance: attendance of all nodes, in Redis.
 *
 * While a script of a room is under way, calls for that room wait, and are one script then. So they take effect in
 * their order, also when a Redis Cluster sends a command elsewhere; and the bigger the rush into a room, the cheaper is each.
 * A script costs its calls and the room's nodes, and nothing per member; in a big room nobody is looked for, and it costs a look at the counts.
 */
import type { Clock } from "../../base/clock.ts";
import type { ChannelId, NodeId } from "../../base/ids.ts";
import { ATTENDANCE_CALLS_PER_SCRIPT, ATTENDANCE_QUEUE_MAX, REDIS_RETRY_MS_MIN } from "../../base/limits.ts";
import type { Attendance, Attended, Attendee } from "../../core/attendance.ts";
import { countsKey, usersKey, writeAttendee } from "./attendance-keys.ts";
import { storeFailed } from "./call-gate.ts";
import { nodesKey } from "./channel-keys.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { redisScript } from "./redis-script.ts";

interface Call {
  readonly command: "SADD" | "SREM";
  readonly user: string;
  readonly lookMax: number;
  readonly resolve: (attended: Attended) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * KEYS: users of this node, counts, interested nodes. ARGV: this node, then for each call SADD or SREM, the user, lookMax.
 * It runs where Redis has no memory left too: it takes little, and a going that is refused would be there for ever.
 * Answers the other interested nodes, or none if so many are elsewhere that nobody is to be told one by one; then for each call 1 if the user came or went as others see it, and the members;
 * or nothing if it did nothing, since keys of the room are just moving to another server.
 */
const ATTEND = redisScript(
  "attend",
  `#!lua flags=allow-oom
local self = ARGV[1]
local prefix = string.sub(KEYS[1], 1, -#self - 1)
local counts = redis.call('HGETALL', KEYS[2])
local others, elsewhere = {}, 0
for i = 1, #counts, 2 do
  if counts[i] ~= self then
    others[#others + 1] = prefix .. counts[i]
    elsewhere = elsewhere + counts[i + 1]
  end
end
local nodes, lookMax = {}, 0
for i = 4, #ARGV, 3 do lookMax = math.max(lookMax, tonumber(ARGV[i])) end
if elsewhere <= lookMax then
  -- Where a slot is moving, some may have gone ahead. Nothing is written yet.
  if #others > 0 and type(redis.pcall('EXISTS', unpack(others))) == 'table' then return false end
  for _, node in ipairs(redis.call('HKEYS', KEYS[3])) do
    if node ~= self then nodes[#nodes + 1] = node end
  end
end
local here = redis.call('SCARD', KEYS[1])
local answer = { nodes }
for i = 2, #ARGV, 3 do
  local changed = redis.call(ARGV[i], KEYS[1], ARGV[i + 1])
  if ARGV[i] == 'SADD' then here = here + changed else here = here - changed end
  if changed == 1 then
    if elsewhere + here > tonumber(ARGV[i + 2]) then changed = 0 end
    for index = 1, changed * #others do
      if redis.call('SISMEMBER', others[index], ARGV[i + 1]) == 1 then
        changed = 0
        break
      end
    end
  end
  answer[#answer + 1] = changed
  answer[#answer + 1] = elsewhere + here
end
if here > 0 then
  redis.call('HSET', KEYS[2], self, here)
else
  redis.call('HDEL', KEYS[2], self)
end
return answer`,
);

export interface RedisAttendanceOptions {
  /** This node. */
  readonly nodeId: NodeId;
  readonly clock: Clock;
}

export class RedisAttendance implements Attendance {
  readonly #redis: RedisConnection;
  readonly #nodeId: NodeId;
  readonly #clock: Clock;
  /** Calls that wait, of rooms for which a script is under way or about to be. */
  readonly #waiting = new Map<ChannelId, Call[]>();
  #waitingCount = 0;

  constructor(redis: RedisConnection, { nodeId, clock }: RedisAttendanceOptions) {
    this.#redis = redis;
    this.#nodeId = nodeId;
    this.#clock = clock;
  }

  enter(room: ChannelId, user: Attendee, lookMax: number): Promise<Attended> {
    return this.#call(room, "SADD", user, lookMax);
  }

  exit(room: ChannelId, user: Attendee, lookMax: number): Promise<Attended> {
    return this.#call(room, "SREM", user, lookMax);
  }

  async count(room: ChannelId): Promise<number> {
    const counts = await this.#redis.command("HVALS", countsKey(this.#redis.keyPrefix, room));
    let members = 0;
    for (const count of counts as string[]) members += Number(count);
    return members;
  }

  #call(room: ChannelId, command: Call["command"], user: Attendee, lookMax: number): Promise<Attended> {
    if (this.#waitingCount >= ATTENDANCE_QUEUE_MAX) {
      return Promise.reject(storeFailed("Cannot note who is in the room: too much waits for Redis"));
    }
    return new Promise<Attended>((resolve, reject) => {
      const call = { command, user: writeAttendee(user), lookMax, resolve, reject };
      this.#waitingCount += 1;
      const waiting = this.#waiting.get(room);
      if (waiting !== undefined) {
        waiting.push(call);
        return;
      }
      const calls = [call];
      this.#waiting.set(room, calls);
      this.#clock.soon(() => void this.#work(room, calls));
    });
  }

  /** Runs all calls of a room, those that come meanwhile too. Never rejects: the callers are told. */
  async #work(room: ChannelId, waiting: Call[]): Promise<void> {
    while (waiting.length > 0) {
      const calls = waiting.splice(0, ATTENDANCE_CALLS_PER_SCRIPT);
      this.#waitingCount -= calls.length;
      try {
        const answers = await this.#run(room, calls);
        for (const [index, { resolve }] of calls.entries()) resolve(answers[index] as Attended);
      } catch (error) {
        // One after another would wait in vain as long as this one did.
        this.#waitingCount -= waiting.length;
        for (const { reject } of [...calls, ...waiting.splice(0)]) reject(error);
      }
    }
    this.#waiting.delete(room);
  }

  async #run(room: ChannelId, calls: readonly Call[]): Promise<Attended[]> {
    const { keyPrefix } = this.#redis;
    const keys = [
      usersKey(keyPrefix, room, this.#nodeId),
      countsKey(keyPrefix, room),
      nodesKey(keyPrefix, room),
    ];
    const args: (string | number)[] = [this.#nodeId];
    for (const { command, user, lookMax } of calls) args.push(command, user, lookMax);
    const [nodes, ...rest] = await this.#attend(keys, args);
    return calls.map((_, index) => ({
      changed: rest[2 * index] === 1,
      members: rest[2 * index + 1] ?? 0,
      nodes,
    }));
  }

  async #attend(
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<[NodeId[], ...number[]]> {
    const deadline = this.#clock.monotonic() + this.#redis.callTimeoutMs;
    for (;;) {
      const answer = await this.#redis.evaluate(ATTEND, keys, args);
      if (answer !== null) return answer as [NodeId[], ...number[]];
      if (this.#clock.monotonic() > deadline) {
        throw storeFailed("Cannot note who is in the room: its keys are moving to another server");
      }
      await new Promise<void>((resolve) => this.#clock.after(REDIS_RETRY_MS_MIN, resolve));
    }
  }
}

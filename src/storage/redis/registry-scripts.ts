/**
 * The scripts of the registry. All its keys share one hash slot, `{nodes}`: records of nodes, a lease per node that runs
 * out by itself, and for a dead node the lock of who clears after it.
 *
 * They also run where Redis has no memory left (allow-oom): they take little or free some, and nodes must not die of it.
 */
import type { NodeId } from "../../base/ids.ts";
import { redisScript } from "./redis-script.ts";

export function recordsKey(prefix: string): string {
  return `${prefix}{nodes}:records`;
}

export function leaseKey(prefix: string, nodeId: NodeId): string {
  return `${leasesPrefix(prefix)}${nodeId}`;
}

export function leasesPrefix(prefix: string): string {
  return `${prefix}{nodes}:lease:`;
}

export function clearLockKey(prefix: string, nodeId: NodeId): string {
  return `${prefix}{nodes}:clearing:${nodeId}`;
}

export function secretKey(prefix: string): string {
  return `${prefix}{nodes}:secret`;
}

/**
 * KEYS: records, lease, lock of clearing. ARGV: node, record, lease in ms, a mark for the lease if it is a new one.
 * Answers the mark of the lease, and for how many ms more somebody may be clearing after the node; 0 if nobody is.
 */
export const RENEW = redisScript(
  "renew",
  `#!lua flags=allow-oom
local mark = redis.call('GET', KEYS[2]) or ARGV[4]
redis.call('SET', KEYS[2], mark, 'PX', ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return { mark, math.max(redis.call('PTTL', KEYS[3]), 0) }`,
);

/**
 * KEYS: records. ARGV: what a lease's key begins with. Answers Redis's time in ms, then of each node its id, its record, and
 * the ms its lease still has; below 0 if it has none.
 */
export const LIST = redisScript(
  "list",
  `#!lua flags=no-writes
local time = redis.call('TIME')
local answer = { time[1] * 1000 + math.floor(time[2] / 1000) }
local records = redis.call('HGETALL', KEYS[1])
for i = 1, #records, 2 do
  answer[#answer + 1] = records[i]
  answer[#answer + 1] = records[i + 1]
  answer[#answer + 1] = redis.call('PTTL', ARGV[1] .. records[i])
end
return answer`,
);

/**
 * KEYS: records, lease, lock of clearing. ARGV: node, mark of who clears, ms the lock lasts, ms in which a step may begin.
 * Takes or keeps the lock of clearing after a dead node. Answers until when a step may begin, unix ms; 0 if the caller may not
 * clear: the node lives or is forgotten, or another is at it.
 */
export const MAY_CLEAR = redisScript(
  "may-clear",
  `#!lua flags=allow-oom
local holder = redis.call('GET', KEYS[3])
local dead = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 and redis.call('EXISTS', KEYS[2]) == 0
if not dead or (holder and holder ~= ARGV[2]) then return 0 end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[4]`,
);

/** KEYS: records, lease, lock of clearing. ARGV: node, mark of who clears. Forgets a node after which all is cleared. */
export const FORGET = redisScript(
  "forget",
  `#!lua flags=allow-oom
if redis.call('GET', KEYS[3]) ~= ARGV[2] or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`,
);

/**
 * KEYS: lease, lock of clearing. ARGV: ms in which nobody may clear after the node. Ends the lease of a node that stops in order,
 * once.
 */
export const RELEASE = redisScript(
  "release",
  `#!lua flags=allow-oom
if redis.call('DEL', KEYS[1]) == 1 and tonumber(ARGV[1]) > 0 then
  redis.call('SET', KEYS[2], 'left', 'PX', ARGV[1])
end
return 0`,
);

/** KEYS: lock of clearing. ARGV: mark of who clears. */
export const STOP_CLEARING = redisScript(
  "stop-clearing",
  `#!lua flags=allow-oom
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
);

/** What a step of clearing begins with, where ARGV[1] says until when it may, by Redis's clock. */
const IN_TIME = `#!lua flags=allow-oom
local time = redis.call('TIME')
if time[1] * 1000 + time[2] / 1000 >= tonumber(ARGV[1]) then return false end
`;

/** KEYS: interested nodes. ARGV: until when, node. Answers 1 or 0, or nothing if it was too late. */
export const CLEAR_INTEREST = redisScript(
  "clear-interest",
  `${IN_TIME}return redis.call('HDEL', KEYS[1], ARGV[2])`,
);

/**
 * KEYS: users the dead node has in a room, counts, interested nodes. ARGV: until when, dead node, node that clears, users at
 * most, lookMax. Answers how many of its users are left, 1 if it looked for them at other nodes, how many it cleared, members
 * of the room, who of the cleared is nowhere else, the other interested nodes; or nothing if it was too late.
 */
export const CLEAR_ROOM = redisScript(
  "clear-room",
  `${IN_TIME}local dead = ARGV[2]
local prefix = string.sub(KEYS[1], 1, -#dead - 1)
local counts = redis.call('HGETALL', KEYS[2])
local others, elsewhere = {}, 0
for i = 1, #counts, 2 do
  if counts[i] ~= dead then
    others[#others + 1] = prefix .. counts[i]
    elsewhere = elsewhere + counts[i + 1]
  end
end
-- Fails where the slot is moving and some have gone ahead. Nothing is written yet.
for _, other in ipairs(others) do redis.call('EXISTS', other) end
local before = redis.call('SCARD', KEYS[1])
local left, looked, gone = 0, 0, {}
if elsewhere + before > tonumber(ARGV[5]) then
  redis.call('UNLINK', KEYS[1])
else
  looked = 1
  local users = redis.call('SPOP', KEYS[1], ARGV[4])
  left = before - #users
  for _, user in ipairs(users) do
    local found = false
    for _, other in ipairs(others) do
      if redis.call('SISMEMBER', other, user) == 1 then
        found = true
        break
      end
    end
    if not found then gone[#gone + 1] = user end
  end
end
if left > 0 then
  redis.call('HSET', KEYS[2], dead, left)
else
  redis.call('HDEL', KEYS[2], dead)
end
local nodes = {}
for _, node in ipairs(redis.call('HKEYS', KEYS[3])) do
  if node ~= dead and node ~= ARGV[3] then nodes[#nodes + 1] = node end
end
return { left, looked, before - left, elsewhere + left, gone, nodes }`,
);

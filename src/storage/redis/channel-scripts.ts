/**
 * The scripts of a channel: what Redis does in one atomic step, and how a channel lies there (channel-keys.ts).
 *
 * Every key that a script may touch is among its KEYS, each operation's in their order: a Redis Cluster that is moving
 * some of them to another server then refuses the whole script instead of stopping in the middle of it. For the same
 * reason both say whether they write: Redis without memory, or a replica, refuses them before they begin.
 *
 * The time is the node's: the same clock judges a message when it is sent and when it is read, and a channel's time never
 * steps back, whichever node's clock is behind.
 */
import { CHANNEL_FORGET_LAG_MS, MSG_ID_WINDOW_MS, SEND_WINDOW_MS, TRIM_EVERY } from "../../base/limits.ts";
import { redisScript } from "./redis-script.ts";

/** All scripts begin so. ARGV: node, candidate epoch, now, countMax, ageMs; then those of the operations. */
const HEAD = `
local node, candidate, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local countMax, ageMs = tonumber(ARGV[4]), tonumber(ARGV[5])
local forgetLagMs = ${CHANNEL_FORGET_LAG_MS}

-- The head of a channel; nil if nobody has written to it or all of it is over.
local function headOf(headKey)
  local text = redis.call('GET', headKey)
  if not text then return nil end
  local epoch, offset, sentAt, shortUntil, longUntil = string.match(text, '^(%w+) (%d+) (%d+) (%d+) (%d+)$')
  local head = {
    epoch = epoch, offset = tonumber(offset), sentAt = tonumber(sentAt),
    shortUntil = tonumber(shortUntil), longUntil = tonumber(longUntil),
  }
  local isOver = head.sentAt < now - ageMs - forgetLagMs
  if isOver and head.shortUntil <= now and head.longUntil <= now then return nil end
  return head
end

-- When the message at this offset was sent; nil if it is not in the log.
local function sentAtOf(log, offset)
  local entry = redis.call('XRANGE', log, offset, offset)[1]
  return entry and tonumber(string.match(entry[1], '-(%d+)$'))
end

-- The first offset from low to high that is not too old; high + 1 if all are.
local function firstYoung(log, low, high)
  local since = now - ageMs
  local function isYoung(offset) return (sentAtOf(log, offset) or 0) >= since end
  if low > high or isYoung(low) then return low end
  local first, past = low + 1, high + 1
  while first < past do
    local middle = math.floor((first + past) / 2)
    if isYoung(middle) then past = middle else first = middle + 1 end
  end
  return first
end

-- The oldest offset in the log, kept or not; head + 1 if it is empty.
local function oldestOf(log, head)
  local entry = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  return entry and tonumber(string.match(entry[1], '^(%d+)-')) or head.offset + 1
end
`;

const TURN = `
local shortMs, longMs, trimEvery = ${SEND_WINDOW_MS}, ${MSG_ID_WINDOW_MS}, ${TRIM_EVERY}
-- How often lives are prolonged and old messages are looked for in a quiet channel.
local tidyMs = math.floor(ageMs / 16) + forgetLagMs
local lifeMs = ageMs + forgetLagMs + 2 * tidyMs

-- Stretches of time as long as the class take turns with its two hashes: what still counts is of this one or the last.
local function hashOf(hashes, classMs, at)
  return hashes[math.floor(at / classMs) % 2 + 1]
end

local function findSent(hashes, send, at)
  for _, hash in ipairs(hashes) do
    local value = redis.call('HGET', hash, send)
    if value then
      local offset, sentAt, expiresAt = struct.unpack('>I6I6I6', value)
      if at < expiresAt then return offset, sentAt, string.sub(value, 19) end
    end
  end
end

-- Time went on from one message to the next: empties the hashes whose turn it is again.
local function turnOver(hashes, classMs, before, at)
  local passed = math.floor(at / classMs) - math.floor(before / classMs)
  if passed == 1 then redis.call('UNLINK', hashOf(hashes, classMs, at)) end
  if passed > 1 then redis.call('UNLINK', hashes[1], hashes[2]) end
end

local function remember(head, hashes, classMs, send, windowMs, id)
  local expiresAt = head.sentAt + windowMs
  local hash = hashOf(hashes, classMs, head.sentAt)
  redis.call('HSET', hash, send, struct.pack('>I6I6I6', head.offset, head.sentAt, expiresAt) .. id)
  if redis.call('HLEN', hash) == 1 then redis.call('PEXPIRE', hash, 2 * classMs) end
  return expiresAt
end

local function othersOf(nodes, reply)
  for _, other in ipairs(redis.call('HKEYS', nodes)) do
    if other ~= node then reply[#reply + 1] = other end
  end
  return reply
end

local function tidy(head, log, marks)
  redis.call('PEXPIRE', log, lifeMs)
  redis.call('PEXPIRE', marks, lifeMs)
  local oldest = oldestOf(log, head)
  local young = firstYoung(log, oldest, head.offset)
  if young > oldest then redis.call('XTRIM', log, 'MINID', '~', young, 'LIMIT', 0) end
end

local function add(head, log, draft)
  local entry = string.format('%.0f-%.0f', head.offset, head.sentAt)
  if head.offset > countMax then
    redis.call('XADD', log, 'MINID', '~', string.format('%.0f', head.offset - countMax + 1), entry, 'd', draft)
  else
    redis.call('XADD', log, entry, 'd', draft)
  end
end

local function saveHead(headKey, head)
  local leftMs = math.max(head.sentAt - now + lifeMs, head.shortUntil - now, head.longUntil - now)
  redis.call('SET', headKey, string.format('%s %.0f %.0f %.0f %.0f',
    head.epoch, head.offset, head.sentAt, head.shortUntil, head.longUntil), 'PX', string.format('%.0f', leftMs))
end

-- send, windowMs, id, draft -> epoch, offset, sentAt, id, repeated, other nodes
local function append(key, arg)
  local headKey, log, nodes, marks = KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3]
  local short, long = { KEYS[key + 4], KEYS[key + 5] }, { KEYS[key + 6], KEYS[key + 7] }
  local send, windowMs, id, draft = ARGV[arg], tonumber(ARGV[arg + 1]), ARGV[arg + 2], ARGV[arg + 3]
  local head = headOf(headKey)
  if head and send ~= '' then
    local at = math.max(now, head.sentAt)
    local offset, sentAt, firstId
    if at < head.shortUntil then offset, sentAt, firstId = findSent(short, send, at) end
    if not offset and at < head.longUntil then offset, sentAt, firstId = findSent(long, send, at) end
    if offset then return othersOf(nodes, { head.epoch, offset, sentAt, firstId, 1 }) end
  end
  if not head then
    redis.call('UNLINK', log, marks)
    head = { epoch = candidate, offset = 0, sentAt = 0, shortUntil = 0, longUntil = 0 }
  end
  local before = head.sentAt
  head.offset, head.sentAt = head.offset + 1, math.max(now, before)
  add(head, log, draft)
  turnOver(short, shortMs, before, head.sentAt)
  turnOver(long, longMs, before, head.sentAt)
  if send ~= '' and windowMs <= shortMs then
    head.shortUntil = math.max(head.shortUntil, remember(head, short, shortMs, send, windowMs, id))
  elseif send ~= '' then
    head.longUntil = math.max(head.longUntil, remember(head, long, longMs, send, windowMs, id))
  end
  saveHead(headKey, head)
  if head.offset % trimEvery == 0 or math.floor(head.sentAt / tidyMs) ~= math.floor(before / tidyMs) then
    tidy(head, log, marks)
  end
  return othersOf(nodes, { head.epoch, head.offset, head.sentAt, id, 0 })
end

-- -> epoch, offset
local function join(key)
  redis.call('HSET', KEYS[key + 1], node, '')
  local head = headOf(KEYS[key])
  return head and { head.epoch, head.offset } or { candidate, 0 }
end

local function leave(key)
  redis.call('HDEL', KEYS[key], node)
  return 0
end

-- user, epoch, offset -> the mark before
local function mark(key, arg)
  local marks, user, epoch, offset = KEYS[key + 1], ARGV[arg], ARGV[arg + 1], ARGV[arg + 2]
  if not headOf(KEYS[key]) then return 0 end
  local known = redis.call('HGET', marks, user)
  local before, ofEpoch = string.match(known or '', '^(%d+) (%w+)$')
  local isSame = ofEpoch == epoch
  if not isSame or tonumber(offset) > tonumber(before) then
    redis.call('HSET', marks, user, offset .. ' ' .. epoch)
    if redis.call('HLEN', marks) == 1 then redis.call('PEXPIRE', marks, lifeMs) end
  end
  return isSame and tonumber(before) or 0
end

local operations = {
  append = { run = append, keys = 8, args = 4 },
  join = { run = join, keys = 2, args = 0 },
  leave = { run = leave, keys = 1, args = 0 },
  mark = { run = mark, keys = 2, args = 3 },
}
local replies, key, arg = {}, 1, 6
while key <= #KEYS do
  local operation = operations[ARGV[arg]]
  replies[#replies + 1] = operation.run(key, arg + 1)
  key, arg = key + operation.keys, arg + 1 + operation.args
end
return replies
`;

/** KEYS and, behind what all have, ARGV of one operation after the other, each beginning with its name. Gives their replies. */
export const turnScript = redisScript("turn", `#!lua\n${HEAD}${TURN}`);

/** The same where Redis has no memory left: for what takes none. */
export const frugalTurnScript = redisScript("frugal turn", `#!lua flags=allow-oom\n${HEAD}${TURN}`);

/** KEYS: heads of channels. Gives them as they are. MGET would be quicker still, and a right more that Redis' user needs. */
export const headsScript = redisScript(
  "heads",
  `#!lua flags=no-writes
local heads = {}
for at, key in ipairs(KEYS) do heads[at] = redis.call('GET', key) end
return heads
`,
);

/**
 * KEYS: head, log. ARGV: as above, then `after` or `before`, the offset (empty: the head), limit.
 * Gives epoch, head offset, oldest kept offset, entries.
 */
export const readScript = redisScript(
  "read",
  `#!lua flags=no-writes
${HEAD}
local log, direction, offset, limit = KEYS[2], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local head = headOf(KEYS[1])
if not head then return { candidate, 0, 1, {} } end
local oldest = firstYoung(log, math.max(oldestOf(log, head), head.offset - countMax + 1), head.offset)
local first, last
if direction == 'after' then
  first = math.max(offset + 1, oldest)
  last = math.min(first + limit - 1, head.offset)
else
  last = math.min((offset or head.offset + 1) - 1, head.offset)
  first = math.max(last - limit + 1, oldest)
end
local entries = {}
if first <= last then
  entries = redis.call('XRANGE', log, string.format('%.0f', first), string.format('%.0f', last))
end
return { head.epoch, head.offset, oldest, entries }
`,
);

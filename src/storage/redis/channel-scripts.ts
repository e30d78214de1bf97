/**
 * The scripts of a channel: what Redis does in one atomic step, and how a channel lies there.
 *
 * All keys of a channel begin with its base, `<prefix>{<channel>}`, whose braces put them in one hash slot, so that a
 * script may use them all with only the base given as its key:
 *
 *     <base>           head: epoch, offset, time of the newest message, ends of the two windows in which sends are remembered
 *     <base>:log       stream; the entry `<offset>-<sentAt>` has the draft as JSON, so ranges by offset are direct
 *     <base>:nodes     hash whose fields are the interested nodes; a small hash takes half the memory of a small set
 *     <base>:marks     hash, user to `<offset> <epoch>`
 *     <base>:sent:*    hashes of remembered sends, one per class of windows and stretch of time as long as the class
 *
 * Only `nodes` exists of a channel nobody has written to. All but `nodes` expire by themselves; what counts is judged by
 * the times in them. The time is the node's: the same clock judges a message when it is sent and when it is read, and a
 * channel's time never steps back, whichever node's clock is behind.
 */
import { CHANNEL_FORGET_LAG_MS, MSG_ID_WINDOW_MS, SEND_WINDOW_MS, TRIM_EVERY } from "../../base/limits.ts";
import { redisScript } from "./redis-script.ts";

/** Both scripts begin so. ARGV: node, candidate epoch, now, countMax, ageMs; then those of the operations. */
const HEAD = `
local node, candidate, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local countMax, ageMs = tonumber(ARGV[4]), tonumber(ARGV[5])
local forgetLagMs = ${CHANNEL_FORGET_LAG_MS}

-- The head of a channel; nil if nobody has written to it or all of it is over.
local function headOf(base)
  local text = redis.call('GET', base)
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

local function sentKey(base, class, classMs, at)
  return base .. ':sent:' .. class .. string.format('%.0f', math.floor(at / classMs))
end

-- What still counts of a class lies in its newest stretch of time or in the one before.
local function findSent(base, send, class, classMs, at)
  for back = 0, 1 do
    local value = redis.call('HGET', sentKey(base, class, classMs, at - back * classMs), send)
    if value then
      local offset, sentAt, expiresAt = struct.unpack('>I6I6I6', value)
      if at < expiresAt then return offset, sentAt, string.sub(value, 19) end
    end
  end
end

local function remember(base, head, send, windowMs, id)
  local class, classMs = 's', shortMs
  if windowMs > shortMs then class, classMs = 'l', longMs end
  local expiresAt = head.sentAt + windowMs
  local key = sentKey(base, class, classMs, head.sentAt)
  redis.call('HSET', key, send, struct.pack('>I6I6I6', head.offset, head.sentAt, expiresAt) .. id)
  if redis.call('HLEN', key) == 1 then redis.call('PEXPIRE', key, 2 * classMs) end
  if class == 's' then head.shortUntil = math.max(head.shortUntil, expiresAt)
  else head.longUntil = math.max(head.longUntil, expiresAt) end
end

local function othersOf(base, reply)
  for _, other in ipairs(redis.call('HKEYS', base .. ':nodes')) do
    if other ~= node then reply[#reply + 1] = other end
  end
  return reply
end

-- Remembered sends of the head before it need no care: it lives until the last of them is over.
local function newHead(base)
  redis.call('UNLINK', base .. ':log', base .. ':marks')
  return { epoch = candidate, offset = 0, sentAt = 0, shortUntil = 0, longUntil = 0 }
end

local function tidy(base, head)
  local log = base .. ':log'
  redis.call('PEXPIRE', log, lifeMs)
  redis.call('PEXPIRE', base .. ':marks', lifeMs)
  local oldest = oldestOf(log, head)
  local young = firstYoung(log, oldest, head.offset)
  if young > oldest then redis.call('XTRIM', log, 'MINID', '~', young, 'LIMIT', 0) end
end

local operations = {}

-- send, windowMs, id, draft -> epoch, offset, sentAt, id, repeated, other nodes
operations.a = function(base, send, windowMs, id, draft)
  windowMs = tonumber(windowMs)
  local head = headOf(base)
  if head and send ~= '' then
    local at = math.max(now, head.sentAt)
    local offset, sentAt, firstId
    if at < head.shortUntil then offset, sentAt, firstId = findSent(base, send, 's', shortMs, at) end
    if not offset and at < head.longUntil then offset, sentAt, firstId = findSent(base, send, 'l', longMs, at) end
    if offset then return othersOf(base, { head.epoch, offset, sentAt, firstId, 1 }) end
  end
  head = head or newHead(base)
  local before = head.sentAt
  head.offset, head.sentAt = head.offset + 1, math.max(now, before)
  local log = base .. ':log'
  local entry = string.format('%.0f-%.0f', head.offset, head.sentAt)
  if head.offset > countMax then
    redis.call('XADD', log, 'MINID', '~', string.format('%.0f', head.offset - countMax + 1), entry, 'd', draft)
  else
    redis.call('XADD', log, entry, 'd', draft)
  end
  if send ~= '' then remember(base, head, send, windowMs, id) end
  local leftMs = math.max(head.sentAt - now + lifeMs, head.shortUntil - now, head.longUntil - now)
  redis.call('SET', base, string.format('%s %.0f %.0f %.0f %.0f',
    head.epoch, head.offset, head.sentAt, head.shortUntil, head.longUntil), 'PX', string.format('%.0f', leftMs))
  if head.offset % trimEvery == 0 or math.floor(head.sentAt / tidyMs) ~= math.floor(before / tidyMs) then
    tidy(base, head)
  end
  return othersOf(base, { head.epoch, head.offset, head.sentAt, id, 0 })
end

-- -> epoch, offset
operations.j = function(base)
  redis.call('HSET', base .. ':nodes', node, '')
  local head = headOf(base)
  return head and { head.epoch, head.offset } or { candidate, 0 }
end

operations.l = function(base)
  redis.call('HDEL', base .. ':nodes', node)
  return 0
end

-- user, epoch, offset -> the mark before
operations.m = function(base, user, epoch, offset)
  if not headOf(base) then return 0 end
  local marks = base .. ':marks'
  local known = redis.call('HGET', marks, user)
  local before, ofEpoch = string.match(known or '', '^(%d+) (%w+)$')
  local isSame = ofEpoch == epoch
  if not isSame or tonumber(offset) > tonumber(before) then
    redis.call('HSET', marks, user, offset .. ' ' .. epoch)
    if redis.call('HLEN', marks) == 1 then redis.call('PEXPIRE', marks, lifeMs) end
  end
  return isSame and tonumber(before) or 0
end

local counts = { a = 4, j = 0, l = 0, m = 3 }
local replies, at = {}, 6
for index, base in ipairs(KEYS) do
  local operation = ARGV[at]
  local count = counts[operation]
  replies[index] = operations[operation](base, unpack(ARGV, at + 1, at + count))
  at = at + 1 + count
end
return replies
`;

/** What Redis says of it is one answer for all: a script whose memory is refused has done nothing. */
export const turnScript = redisScript("turn", `#!lua\n${HEAD}${TURN}`);

/** The same where Redis has no memory left: for what takes none. */
export const frugalTurnScript = redisScript("frugal turn", `#!lua flags=allow-oom\n${HEAD}${TURN}`);

/**
 * ARGV: as above, then `after` or `before`, the offset (empty: the head), limit.
 * Gives epoch, head offset, oldest kept offset, entries.
 */
export const readScript = redisScript(
  "read",
  `#!lua flags=no-writes
${HEAD}
local base, direction, offset, limit = KEYS[1], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local head = headOf(base)
if not head then return { candidate, 0, 1, {} } end
local log = base .. ':log'
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

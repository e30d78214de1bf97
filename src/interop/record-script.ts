/**
 * The script that writes online records: what it may write over is decided where the record is.
 *
 * A login writes over everything: the last login has the user, as in the reference system. A refresh leaves a user alone who
 * has meanwhile logged in on a living old node, and a logoff everybody who is not this node's any more.
 */
import { REFERENCE_ALIVE_SECONDS, REFERENCE_USER_SECONDS } from "../base/limits.ts";
import type { LuaScript } from "./redis-port.ts";

/** What is to be done with one record. */
export type RecordAction = "login" | "refresh" | "logoff";

/**
 * KEYS: records. ARGV: this node's address, unix seconds, number of living old nodes, their addresses; then an action and
 * the new record for each key.
 */
export const writeRecords: LuaScript = {
  name: "write online records",
  lua: `
local own, now, count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local isOld = {}
for index = 4, 3 + count do isOld[ARGV[index]] = true end

-- Whose user it is, and whether that still counts.
local function ownerOf(text)
  local isRecord, record = pcall(cjson.decode, text or '')
  if not isRecord or type(record) ~= 'table' then return nil, false end
  local isYoung = (tonumber(record.heartbeatTime) or 0) >= now - ${REFERENCE_ALIVE_SECONDS}
  return tostring(record.accIp) .. ':' .. tostring(record.accPort), isYoung and record.isLogoff ~= true
end

local may = {
  login = function() return true end,
  refresh = function(owner, isOnline) return not (isOnline and isOld[owner]) end,
  logoff = function(owner) return owner == own end,
}

local written = 0
for index, key in ipairs(KEYS) do
  local action, record = ARGV[2 + count + 2 * index], ARGV[3 + count + 2 * index]
  local isFree = action == 'login' or may[action](ownerOf(redis.call('GET', key)))
  if isFree then
    redis.call('SET', key, record, 'EX', ${REFERENCE_USER_SECONDS})
    written = written + 1
  end
end
return written
`,
};

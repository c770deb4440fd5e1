-- Shared: what a version says (workers/model/versions.py has its forms). No other step or file
-- takes one apart.

local BEFORE = '0'

-- 't', 's' or '0'
local function kind_of(version) return string.sub(version, 1, 1) end

-- Version without its tie-breaker, and the tie-breaker or ''.
local function parts_of(version)
  local length = 1
  if kind_of(version) == 't' then length = 18 end
  if kind_of(version) == 's' then length = string.sub(version, 2, 2) == 'L' and 27 or 21 end
  return string.sub(version, 1, length), string.sub(version, length + 1)
end

-- Of a time: microseconds since 1970.
local function micros_of(version) return tonumber(string.sub(version, 2, 18)) end

local function time_at(micros) return string.format('t%017.0f', micros) end

-- Of a sequence: its log, and its position as 20 digits.
local function position_of(version)
  local head = parts_of(version)
  return tonumber(string.match(head, '^sL(%d%d%d%d%d)') or 0), string.sub(head, -20)
end

-- The same position in the log *number*.
local function in_log(version, number)
  if number == 0 then return version end
  return string.format('sL%05d%s', number, string.sub(version, 2))
end

-- After *version*, and after all that differ from it by a tie-breaker.
local function right_after(version)
  local head, tie = parts_of(version)
  return string.format('%sz%010d', head, tonumber(string.match(tie, '^z(%d+)$') or 0) + 1)
end

return {
  BEFORE = BEFORE, kind_of = kind_of, parts_of = parts_of, micros_of = micros_of, time_at = time_at,
  position_of = position_of, in_log = in_log, right_after = right_after,
}

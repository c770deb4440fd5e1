-- Shared: what a version says (workers/model/versions.py has its forms). No other step or file
-- takes one apart.

local versions = {}
versions.BEFORE = '0'

-- 't', 's' or '0'
function versions.kind_of(version) return string.sub(version, 1, 1) end

-- Version without its tie-breaker, and the tie-breaker or ''.
function versions.parts_of(version)
  local length = 1
  if versions.kind_of(version) == 't' then length = 18 end
  if versions.kind_of(version) == 's' then length = string.sub(version, 2, 2) == 'L' and 27 or 21 end
  return string.sub(version, 1, length), string.sub(version, length + 1)
end

-- Of a time: microseconds since 1970.
function versions.micros_of(version) return tonumber(string.sub(version, 2, 18)) end

function versions.time_at(micros) return string.format('t%017.0f', micros) end

-- Of a sequence: its log, and its position as 20 digits.
function versions.position_of(version)
  local head = versions.parts_of(version)
  return tonumber(string.match(head, '^sL(%d%d%d%d%d)') or 0), string.sub(head, -20)
end

-- The same position in the log *number*.
function versions.in_log(version, number)
  if number == 0 then return version end
  return string.format('sL%05d%s', number, string.sub(version, 2))
end

-- After *version*, and after all that differ from it by a tie-breaker.
function versions.right_after(version)
  local head, tie = versions.parts_of(version)
  return string.format('%sz%010d', head, tonumber(string.match(tie, '^z(%d+)$') or 0) + 1)
end

return versions

-- The sorted sets of the search index, all of score 0, in parts: one of at most 128 members takes the store a third
-- of what these take in a large one.
--   <key>           sorted set: the members before the first part, of a release before all of them
--   <key>:=<first>  sorted set: a part: its first member, and what follows up to the next part
--   <key>:parts     sorted set: the first members of the parts
--   instep:search-state  hash: parts:<collection>:<copy>: how many members of its instep:search-keys stand in parts;
--     absent: a release before has written them, and not all of them are in parts yet (part_search.lua)

--! uses calls step

local search_parts = {}
local MOST = 120  -- members of a part
local KEPT = 80   -- of one that is taken from what a release before has written: as many as others have on average
local moved       -- by key: how many more members stand in parts, since it was saved
calls.on_begin(function() moved = {} end)

local function name_of(key, first) return first and key .. ':=' .. first or key end

-- The first member of the part that *member* belongs to; nil: it stands before the first part.
local function part_of(key, member)
  return redis.call('ZRANGE', key .. ':parts', '[' .. member, '-', 'BYLEX', 'REV', 'LIMIT', 0, 1)[1]
end

local function note(key, number) moved[key] = (moved[key] or 0) + number end

-- Call it before the answer: what the step has moved into parts and out of them is counted.
function search_parts.save()
  for key, number in pairs(moved) do
    local place = string.match(key, '^instep:search%-keys:(.*)$')
    if number ~= 0 and place and redis.call('HEXISTS', 'instep:search-state', 'parts:' .. place) == 1 then
      redis.call('HINCRBY', 'instep:search-state', 'parts:' .. place, number)
    end
  end
  moved = {}
end

-- Takes the last members of a part into one of their own.
local function split(key, part)
  local name = name_of(key, part)
  local number = redis.call('ZCARD', name)
  local rest = number > 2 * MOST and number - KEPT or math.floor(number / 2)
  local first = redis.call('ZRANGE', name, rest, rest)[1]
  redis.call('ZRANGESTORE', name_of(key, first), name, '[' .. first, '+', 'BYLEX')
  redis.call('ZREMRANGEBYLEX', name, '[' .. first, '+')
  redis.call('ZADD', key .. ':parts', 0, first)
  if not part then note(key, number - rest) end
  -- What was large takes as much as before until it is written anew.
  if rest <= MOST then redis.call('ZRANGESTORE', name, name, 0, -1) end
end

-- *members*: a list; *may_split*: see new_forms.lua.
function search_parts.add(key, members, may_split)
  local pairs_of, parts = {}, {}  -- by the name of a part: what is added to it, and its first member
  for n = 1, #members do
    local part = part_of(key, members[n])
    local name = name_of(key, part)
    local own = pairs_of[name] or {}
    own[#own + 1], own[#own + 2] = 0, members[n]
    pairs_of[name], parts[name] = own, part
  end
  for name, own in pairs(pairs_of) do
    local number, part = step.call_in_parts('ZADD', name, own), parts[name]
    if part then note(key, number) end
    -- As often as members came: what a release before has written may be many times as large.
    for _ = 1, may_split and number or 0 do
      if redis.call('ZCARD', name) <= MOST then break end
      split(key, part)
    end
  end
end

function search_parts.remove(key, member)
  local part = part_of(key, member)
  if redis.call('ZREM', name_of(key, part), member) == 1 and part then
    note(key, -1)
    if part == member then
      local first = redis.call('ZRANGE', name_of(key, part), 0, 0)[1]
      redis.call('ZREM', key .. ':parts', part)
      if first then
        redis.call('RENAME', name_of(key, part), name_of(key, first))
        redis.call('ZADD', key .. ':parts', 0, first)
      end
    end
  end
  if part then redis.call('ZREM', key, member) end  -- where a release before may have put it meanwhile
end

function search_parts.has(key, member)
  return redis.call('ZSCORE', name_of(key, part_of(key, member)), member) and true or false
end

-- Up to *count* members that begin with *beginning*, in order. *after*: behind this one; nil: from the first.
function search_parts.range(key, beginning, after, count)
  local least = after and '(' .. after or beginning == '' and '-' or '[' .. beginning
  local most = beginning == '' and '+' or '(' .. beginning .. '\255'
  local found, part = {}, part_of(key, after or beginning)
  repeat
    local from = part and '(' .. part or '-'
    local following = redis.call('ZRANGE', key .. ':parts', from, most, 'BYLEX', 'LIMIT', 0, 1)[1]
    local till = following and '(' .. following or most
    local here = redis.call('ZRANGE', name_of(key, part), least, till, 'BYLEX', 'LIMIT', 0, count - #found)
    for _, member in ipairs(here) do found[#found + 1] = member end
    part = following
  until not part or #found == count
  return found
end

-- What a release before has put behind the first part.
local function gather(key, most)
  local first = redis.call('ZRANGE', key .. ':parts', 0, 0)[1]
  local strays = first and redis.call('ZRANGE', key, '[' .. first, '+', 'BYLEX', 'LIMIT', 0, most) or {}
  for _, member in ipairs(strays) do
    redis.call('ZREM', key, member)
    search_parts.add(key, {member}, true)
  end
  return #strays
end

-- Puts what a release before has written into parts, *most* of them at most; returns how many.
function search_parts.convert(key, most)
  local done = gather(key, most)
  while done < most and redis.call('ZCARD', key) > MOST do
    split(key)
    done = done + 1
  end
  return done
end

-- How many members stand in parts.
function search_parts.count(key)
  local number = 0
  for _, first in ipairs(redis.call('ZRANGE', key .. ':parts', 0, -1)) do
    number = number + redis.call('ZCARD', name_of(key, first))
  end
  return number
end

return search_parts

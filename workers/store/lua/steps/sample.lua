--! flags allow-oom
-- sample: keeps what the counters say now, once in each slot of time, and when secrets were used last.
-- Readings of counters, not differences: a slot without one, or two that sample at once, leave the sums
-- right. What is older than the charts is dropped.
-- ARGV[2]: {grains: [{name, ms, slots}], sources: [{name, secrets: [mark]}], refused: [field],
--   destinations: [{name, collections: [name]}]}: slots of so many ms, of which so many are kept
--   instep:samples:<grain>  hash: number of a slot since 1970 → {at: ms, accepted: field values,
--     sources: {name: [deliveries, duplicates, refused]}, destinations: {name: [calls, refused for their
--     number, pending items]}}
--   instep:secrets-used  hash: <source>:<mark> → "<uses> <ms>"; 0 ms: it is not known when
-- Returns {ms}: until the next slot begins.
-- Errors: none: a full store does this as well.
--! uses step

local request, now = step.request, step.now

local function numbers_of(key, names)
  local numbers = redis.call('HMGET', key, unpack(names))
  for n = 1, #names do numbers[n] = tonumber(numbers[n] or 0) end
  return numbers
end

local function source_totals(source)
  local key, refused = 'instep:source:' .. source.name, 0
  for _, number in ipairs(numbers_of(key, request.refused)) do refused = refused + number end
  local deliveries, duplicates = unpack(numbers_of(key, {'deliveries', 'duplicates'}))
  return {deliveries, duplicates, refused}
end

local function destination_totals(destination)
  local pending = 0
  for _, name in ipairs(destination.collections) do pending = pending + redis.call('ZCARD', 'instep:waiting:' .. name) end
  local calls, limited = unpack(numbers_of('instep:destination:' .. destination.name, {'calls', 'rate_limited'}))
  return {calls, limited, pending}
end

local function totals_of(list, of)
  local totals = {}
  for _, each in ipairs(list) do totals[each.name] = of(each) end
  return totals
end

local text
local function sample_text()
  text = text or cjson.encode({
    at = now, accepted = tonumber(redis.call('HGET', 'instep:counts', 'accepted') or 0),
    sources = totals_of(request.sources, source_totals),
    destinations = totals_of(request.destinations, destination_totals),
  })
  return text
end

-- The first of a slot stays. Slots ahead are of a clock that was set back, or of another store: what was
-- read then and what is read now are no two ends of one stretch of time.
local function keep(grain)
  local key, slot = 'instep:samples:' .. grain.name, math.floor(now / grain.ms)
  local old, held, ahead = {}, false, false
  for _, name in ipairs(redis.call('HKEYS', key)) do
    local number = tonumber(name)
    held, ahead = held or number == slot, ahead or number > slot
    if number <= slot - grain.slots then old[#old + 1] = name end
  end
  if ahead then redis.call('DEL', key) elseif held then return end
  if not ahead then step.call_in_parts('HDEL', key, old) end
  redis.call('HSET', key, string.format('%.0f', slot), sample_text())
end

-- A secret that is counted for the first time may have been used whenever.
local function note_secrets()
  local key, known = 'instep:secrets-used', {}
  local used = step.hash(key) or {}
  for _, source in ipairs(request.sources) do
    for _, mark in ipairs(source.secrets) do
      local name = source.name .. ':' .. mark
      local uses = tonumber(redis.call('HGET', 'instep:source:' .. source.name, 'secret:' .. mark) or 0)
      local before = tonumber(string.match(used[name] or '', '^(%d+)'))
      known[name] = true
      if uses ~= before then
        local at = before and uses > before and now or 0
        redis.call('HSET', key, name, string.format('%.0f %.0f', uses, at))
      end
    end
  end
  for name in pairs(used) do
    if not known[name] then redis.call('HDEL', key, name) end
  end
end

for _, grain in ipairs(request.grains) do keep(grain) end
note_secrets()
local shortest = request.grains[1].ms
return step.answer({ms = shortest - now % shortest})

-- Shared: sources and lanes of which nothing is sent until they are resumed. Owns
--   instep:pauses  hash: "source:<name>", "lane:<name>": who paused it, JSON {reason, by, since, till: ms};
--     "rests:<collection>:<source>": that set below holds something
--   instep:paused:<collection>:<source>  sorted set: records of which something of that source is to be sent
--     and must not be, by the ms since which it waits. They stand in no due set for it; once the source is
--     resumed, the sweep lets them go, some at a time.
-- paused of an item: the sources in whose sets it is, apart by spaces
--! uses calls step items

local pauses = {}
local now, sources, lanes, rests
calls.on_group(function() sources, lanes, rests = nil, nil, nil end)
calls.on_begin(function() now = step.now end)
local EFFORT = 50  -- to read an item and to put it back, in names of an item (batch.lua)

local function read()
  if sources then return end
  sources, lanes, rests = {}, {}, {}
  local flat = redis.call('HGETALL', 'instep:pauses')
  for i = 1, #flat, 2 do
    local kind, name = string.match(flat[i], '^([^:]*):(.*)$')
    if kind == 'source' then sources[name] = flat[i + 1] end
    if kind == 'lane' then lanes[name] = flat[i + 1] end
    if kind == 'rests' then rests[#rests + 1] = name end
  end
end

local function set_of(collection, source) return 'instep:paused:' .. collection .. ':' .. source end

function pauses.is_lane_paused(lane)
  read()
  return lanes[lane] ~= nil
end

-- The number of the first lane of which something may be sent.
function pauses.open_lane()
  for number, lane in ipairs(step.LANES) do
    if not pauses.is_lane_paused(lane) then return number end
  end
  return 1
end

-- What keeps *field*, of which something is to be sent, from being sent: 'source', 'lane' or nil. That the
-- record of a retirement is back another source may have said.
function pauses.holds(field)
  read()
  if field.source and sources[field.source] and not field.undone then return 'source' end
  if lanes[step.LANES[field.lane or 1]] then return 'lane' end
end

-- Whether anything that goes into a new item is held: then it is not created yet.
function pauses.holds_any(item)
  for _, field in pairs(item.fields) do
    if (field.state == 'pending' or items.wants_repair(field)) and pauses.holds(field) then return true end
  end
  return false
end

-- Puts an item into the sets of *held*, {source: ms since which it waits} or nil, and out of all others.
function pauses.rest(item, held)
  local names = {}
  for source in pairs(held or {}) do names[#names + 1] = source end
  table.sort(names)
  local text = names[1] and table.concat(names, ' ') or nil
  if text == item.meta.paused then return end
  for source in string.gmatch(item.meta.paused or '', '%S+') do
    if not (held and held[source]) then redis.call('ZREM', set_of(item.collection, source), item.record) end
  end
  for _, source in ipairs(names) do
    redis.call('HSET', 'instep:pauses', 'rests:' .. item.collection .. ':' .. source, 1)
    redis.call('ZADD', set_of(item.collection, source), held[source], item.record)
  end
  items.set(item, 'paused', text)
end

-- Lets go what rests in one set, for as long as *effort* lasts; returns what is left of that.
local function release(name, put_back, effort)
  local collection, source = string.match(name, '^([^:]*):(.*)$')
  local key = set_of(collection, source)
  while effort > 0 do
    local records = redis.call('ZRANGE', key, 0, 9)
    if #records == 0 then
      redis.call('HDEL', 'instep:pauses', 'rests:' .. name)
      return effort
    end
    for _, record in ipairs(records) do
      local item = items.load(collection, record)
      effort = effort - EFFORT - item.size
      put_back(item)
      redis.call('ZREM', key, record)  -- also where the item knows nothing of it
    end
  end
  return effort
end

-- Lets go what rests of sources that go on. *put_back*: places and saves an item. Returns whether more is left.
function pauses.release(put_back, effort)
  read()
  for _, name in ipairs(rests) do
    if not sources[string.match(name, '^[^:]*:(.*)$')] then
      effort = release(name, put_back, effort)
      if effort <= 0 then return true end
    end
  end
  return false
end

-- Ends the pauses of sources and lanes whose time is over; returns their names.
function pauses.end_over()
  read()
  local over = {}
  for kind, paused in pairs({source = sources, lane = lanes}) do
    for name, text in pairs(paused) do
      local till = step.given(cjson.decode(text).till)
      if till and till <= now then
        over[#over + 1] = kind .. ':' .. name
        redis.call('HDEL', 'instep:pauses', kind .. ':' .. name)
        paused[name] = nil
      end
    end
  end
  return over
end

return pauses

-- Shared: keys that references wait for and that a listing did not show.
--! uses calls step items item_schedule dead_letters slices references missing_items life_entries

local request, now
calls.on_begin(function() request, now = step.request, step.now end)

local function names_key(field, key)
  local to, keys = references.named_by(field.value)
  if to ~= request.collection then return false end
  for _, one in ipairs(keys) do
    if one == key then return true end
  end
  return false
end

-- What waits itself does not count: two items that need each other never come.
local function is_on_its_way(key)
  if request.missing ~= 'create' then return false end
  local item = items.load(request.collection, key)
  if item.meta.roomless then return true end
  for _, field in pairs(item.fields) do
    if field.state == 'pending' and not field.blocked_since then return true end
  end
  return false
end

-- The fields of *item* that have waited for a key long enough, and until when the others do. *state*:
-- as wanted_slice says; coming: the key is on its way.
local function timed_out(item, state)
  local slugs, again, key = {}, nil, state.key
  for slug, field in pairs(item.fields) do
    local waits = field.blocked_since and (field.state == 'pending' or items.wants_repair(field))
    if waits and references.REFERS[field.type] and names_key(field, key) then
      local till = field.blocked_since + (request.missing == 'create' and references.PATIENCE_MS or 0)
      if field.misses and state.all ~= '1' then
        -- Its item may be an older one: only a listing of the whole shows that.
        redis.call('HSET', 'instep:index:' .. step.place, 'full', 1)
        till = now + 1
      elseif field.blocked_since > tonumber(state.ended) then
        till = math.max(till, now + 1)  -- the listing had ended before
      elseif state.coming then
        till = now + references.PATIENCE_MS
      end
      if till > now then
        again = math.min(again or till, till, now + references.PATIENCE_MS)
      else
        slugs[#slugs + 1] = slug
      end
    end
  end
  table.sort(slugs)
  return slugs, again
end

local function give_up(item, slugs, key)
  local message, problems = request.message .. key, {}
  for _, slug in ipairs(slugs) do problems[#problems + 1] = {field = slug, message = message} end
  for slug, field in pairs(item.fields) do
    -- An item that cannot be created without it.
    if field.blocked_since and field.state == 'pending' and not references.REFERS[field.type] then slugs[#slugs + 1] = slug end
  end
  local letter = dead_letters.add(item, slugs, {kind = 'missing', message = message, problems = problems},
    item.meta.by ~= 'key' and item.record or nil)
  redis.call('HSET', 'instep:letter:' .. letter, 'refers', request.collection .. ':' .. key)
  items.set(item, 'severed', 1)
  life_entries.note_letter(item, 'dead', letter, message, slugs)
  item_schedule.place(item)
  items.save(item)
end

-- Whether a field of *item* is dead because *name*, <collection>:<key>, was missing.
local function is_severed(item, name)
  for _, field in pairs(item.fields) do
    if field.letter and redis.call('HGET', 'instep:letter:' .. field.letter, 'refers') == name then return true end
  end
  return false
end

-- What waits for told.key is taken out of its set, and put back where it waits on.
local function decide_on_waiter(state, waiter)
  local name = request.collection .. ':' .. state.key
  if redis.call('HEXISTS', 'instep:ids:' .. step.place, state.key) == 1 then return references.wake_waiter(waiter, name) end
  local item = items.load(string.match(waiter, '^([^:]*):(.*)$'))
  local slugs, till = timed_out(item, state)
  if #slugs > 0 then give_up(item, slugs, state.key) end
  if till then state.again = math.min(tonumber(state.again) or till, till) end
  -- Else it has another value now.
  if till or is_severed(item, name) then redis.call('SADD', 'instep:waiters:' .. name, waiter) end
end

local function next_wanted(state, waiters)
  local wanted = 'instep:wanted:' .. request.collection
  state.key = redis.call('ZRANGEBYSCORE', wanted, '-inf', state.started, 'LIMIT', 0, 1)[1]
  if not state.key then return false end
  local name = 'instep:waiters:' .. request.collection .. ':' .. state.key
  if redis.call('EXISTS', name) == 1 then redis.call('RENAME', name, waiters) end
  return true
end

local function end_wanted(state)
  local wanted = 'instep:wanted:' .. request.collection
  if state.again then
    redis.call('ZADD', wanted, 'XX', state.again, state.key)
  else
    redis.call('ZREM', wanted, state.key)
  end
  state.key, state.again = nil, nil
end

-- Decides on some of what is waited for since before the listing of *state* {started, ended, all} began:
-- what it did not show is waited for no longer, but where it is to be created, or may yet be. Returns
-- true where that was all; else *state* says how far it came: {key, again}.
local function decide_slice(state)
  local looked, waiters = 0, 'instep:waking:wanted:' .. request.collection
  while looked < slices.SLICE and (state.key or next_wanted(state, waiters)) do
    state.coming = is_on_its_way(state.key)
    local some = redis.call('SPOP', waiters, slices.SLICE)
    for _, waiter in ipairs(some) do decide_on_waiter(state, waiter) end
    state.coming = nil
    looked = looked + 1 + #some
    if redis.call('EXISTS', waiters) == 0 then end_wanted(state) end
  end
  return not state.key and looked < slices.SLICE
end

local function decide(kind, slice, started, all)
  local state = {started = started, ended = now, all = all and '1' or '0',
    collection = request.collection, index = request.index, missing = request.missing,
    message = request.message}
  local name = kind .. request.collection
  if slices.has(name) then return slices.renew(name, state) end
  if not slice(state) then slices.add(name, state) end
end

-- The listing that began at *started* has ended (*all*: one of the whole): who is missing, as far as one
-- step tells.
local function decide_on_missing(started, all)
  decide('missing:', missing_items.decide_slice, started, all)
  decide('wanted:', decide_slice, started, all)
end

return {decide_slice = decide_slice, decide_on_missing = decide_on_missing}

-- Shared: keys that references wait for and that a listing did not show.

local function names_key(field, key)
  local to, keys = named_by(field.v)
  if to ~= request.collection then return false end
  for _, one in ipairs(keys) do
    if one == key then return true end
  end
  return false
end

-- What waits for something else is on nobody's way: two items that need each other never come.
local function is_on_its_way(key)
  if request.missing ~= 'create' then return false end
  local item = load_item(request.collection, key)
  if item.meta.roomless then return true end
  for _, field in pairs(item.fields) do
    if field.s == 'pending' and not field.y then return true end
  end
  return false
end

-- The fields of *item* that have waited for *key* long enough, and until when the others do.
local function tired(item, key, coming, all)
  local slugs, again = {}, nil
  for slug, field in pairs(item.fields) do
    local waits = field.y and (field.s == 'pending' or wants_repair(field))
    if waits and REFERS[field.t] and names_key(field, key) then
      local till = field.y + (request.missing == 'create' and PATIENCE_MS or 0)
      if field.x and not all then
        -- Its item may be an older one, which only a whole listing tells.
        redis.call('HSET', P .. 'index:' .. request.collection .. ':' .. request.index, 'full', 1)
        till = now + 1
      elseif coming then
        till = now + PATIENCE_MS
      end
      if till > now then
        again = math.min(again or till, till, now + PATIENCE_MS)
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
    if field.y and field.s == 'pending' and not REFERS[field.t] then slugs[#slugs + 1] = slug end
  end
  local letter = bury(item, slugs, {kind = 'missing', message = message, problems = problems},
    item.meta.by ~= 'key' and item.record or nil)
  redis.call('HSET', P .. 'letter:' .. letter, 'refers', request.collection .. ':' .. key)
  set(item, 'severed', 1)
  schedule(item)
  save(item)
end

-- A listing that began at *started* has ended: what it did not show is waited for no longer, but
-- where it is to be created, or may yet be.
local function decide_on_wanted(started, all)
  local wanted = P .. 'wanted:' .. request.collection
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', wanted, '-inf', started)) do
    local coming, again = is_on_its_way(key), nil
    local waiters = P .. 'waiters:' .. request.collection .. ':' .. key
    for _, waiter in ipairs(redis.call('SMEMBERS', waiters)) do
      local item = load_item(string.match(waiter, '^([^:]*):(.*)$'))
      local slugs, till = tired(item, key, coming, all)
      if #slugs > 0 then
        give_up(item, slugs, key)
      elseif not till and not item.meta.severed then
        redis.call('SREM', waiters, waiter)  -- it has another value now
      end
      again = till and math.min(again or till, till) or again
    end
    if again then
      redis.call('ZADD', wanted, again, key)
    else
      redis.call('ZREM', wanted, key)
    end
  end
end

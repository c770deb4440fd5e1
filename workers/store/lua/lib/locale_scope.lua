-- Shared: what is known of the locales of a collection, and that `locales` names others by now
-- (locales.lua).
--! uses calls step locales

local now
local places_here   -- what is known of each collection here, read once a claim
local narrow_here   -- by collection: this was noted
calls.on_begin(function() now, places_here, narrow_here = step.now, {}, {} end)

local function tags_in(scope)
  local set_of = {}
  for _, tag in ipairs(cjson.decode(scope)) do set_of[string.lower(tag)] = true end
  return set_of
end

-- Whether *named* has a locale that is not in *scope*, JSON of what was named before.
local function widens(scope, named)
  if scope == '"all"' or not named then return false end
  if scope == 'primary' or named == 'all' then return true end
  local before = tags_in(scope)
  for _, tag in ipairs(named) do
    if not before[string.lower(tag)] then return true end
  end
  return false
end

-- From now on the primary variants alone are written: what is held of the others grows old.
local function note_primary_alone(collection)
  if narrow_here[collection.name] then return end
  narrow_here[collection.name] = true
  local key = 'instep:site:' .. collection.name .. ':' .. collection.index
  local scope = redis.call('HGET', key, 'scope')
  if scope and scope ~= 'primary' then redis.call('HSET', key, 'scope', 'primary') end
end

local function place_of(collection)
  local here = places_here[collection.name]
  if here then return here end
  local place = collection.name .. ':' .. collection.index
  here = {place = place, key = 'instep:site:' .. place}
  local scope = collection.locales and cjson.encode(collection.locales) or 'primary'
  local held = redis.call('HMGET', here.key, 'scope', 'read', 'next', 'began', 'pass', 'offset', 'lock',
    'list_next', 'doubted')
  if held[1] and widens(held[1], collection.locales) then
    -- What it named before was written alone: the rest is to be met as new. A listing that is under
    -- way comes too late (variants.lua), and the next one no sooner than it would have.
    redis.call('DEL', 'instep:variants:' .. place, 'instep:variants:' .. place .. ':next')
    redis.call('HDEL', here.key, 'began', 'pass', 'offset', 'lock', 'holder')
    local site = string.sub(held[1], 1, 1) == '[' and locales.site_of(place)
    if site and site.primary and not tags_in(held[1])[string.lower(site.tags[site.primary])] then
      redis.call('HSET', here.key, 'bare', 1)
    end
    held = {held[1], held[2], held[3], false, false, false, false, held[8], held[9]}
  end
  if held[1] ~= scope then redis.call('HSET', here.key, 'scope', scope) end
  here.site = locales.site_of(place)
  here.read, here.began = tonumber(held[2] or nil) or 0, tonumber(held[4] or nil)
  here.next = step.sane(held[3] or nil, locales.UNREAD_MS) or now
  here.pass, here.offset = held[5] or nil, tonumber(held[6] or nil) or 0
  here.list_next = step.sane(held[8] or nil, locales.VARIANTS_MS) or now
  here.lock, here.doubted = step.sane(held[7] or nil, step.CLAIM_MS), tonumber(held[9] or nil)
  here.scope = locales.scope_ids(here.site, collection.locales)
  places_here[collection.name] = here
  return here
end

return {note_primary_alone = note_primary_alone, place_of = place_of}

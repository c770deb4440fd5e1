-- Shared by the steps: which variants of an item a field goes to. An item has one variant in each of
-- its locales, all under one id; listings show which of them exist (variants.lua).
--
-- A field whose slug names a locale, "name@de", goes to that variant alone. Any other goes to those
-- that `locales` of its collection names and that exist: to the primary one alone, if it names none.
-- instep:site:<collection>:<copy>  hash: the locales of the site, and how far its variants are listed
--   locales: JSON [[tag, cmsLocaleId], …], the primary one first; read: ms when they were asked for
--   next: not asked for again before; failed: why the last answer gave none
--   sites: JSON of those that may have the collection; turn: whose collections are asked for next
--   scope: what `locales` said when this was learned; bare: the list before named no primary locale,
--     whose variants get what is held too
--   began: ms at which the last listing began that showed every variant
--   pass, offset, lock, most, pages, shrank: of the listing that is under way; again: one is wanted
--   doubted: ms since which a listing is to have begun, before items are sent
--   hurry: items wait for it; list_next, page_next: not before
-- instep:variants:<collection>:<copy>  hash: item id → cmsLocaleIds, apart by commas, but for the
--   primary one; * behind one that was never published. …:next: of the listing that is under way
--! uses calls step items

local given = step.given
local now
calls.on_begin(function() now = step.now end)
local locales = {}
locales.SITE_MS = 86400000     -- after which the locales are read again
locales.VARIANTS_MS = 3600000  -- after which the variants are listed again, where something is sent
locales.UNREAD_MS = 300000     -- no item waits for longer for what cannot be read

function locales.tag_of(slug) return string.match(slug, '@(.+)$') end
function locales.bare_slug(slug) return string.match(slug, '^[^@]*') end

function locales.as_list(text)
  local list = {}
  for id in string.gmatch(text or '', '[^,]+') do list[#list + 1] = id end
  return list
end

-- cmsLocaleId → 'live', or 'staged' where it was never published.
function locales.parse_variants(text)
  local held = {}
  for id, mark in string.gmatch(text or '', '([^,*]+)(%*?)') do
    held[id] = mark == '*' and 'staged' or 'live'
  end
  return held
end

function locales.variants_text(held)
  local list = {}
  for id, state in pairs(held) do list[#list + 1] = state == 'staged' and id .. '*' or id end
  table.sort(list)
  return table.concat(list, ',')
end

function locales.site_of(place)
  local text = redis.call('HGET', 'instep:site:' .. place, 'locales')
  if not text then return nil end
  local site = {ids = {}, tags = {}, all = {}}
  for i, pair in ipairs(cjson.decode(text)) do
    site.primary = site.primary or pair[2]
    site.ids[string.lower(pair[1])], site.tags[pair[2]], site.all[i] = pair[2], pair[1], pair[2]
  end
  return site
end

-- The cmsLocaleId of the primary locale, as far as any answer has given it.
local function primary_of(place)
  local site = locales.site_of(place)
  return site and site.primary or redis.call('HGET', 'instep:index:' .. place, 'primary') or nil
end

-- Whether an event in *locale* is of another variant than the one that *slug* means.
function locales.is_elsewhere(place, locale, slug)
  local tag, site = locales.tag_of(slug), locales.site_of(place)
  local meant = primary_of(place)
  if tag then meant = site and site.ids[string.lower(tag)] end
  return meant ~= nil and meant ~= locale
end

-- The cmsLocaleIds that a field without a locale of its own goes to, where they exist.
-- *named*: "all", a list of tags, or nil.
function locales.scope_ids(site, named)
  if not site or not named then return nil end
  if named == 'all' then return site.all end
  local scope = {}
  for _, tag in ipairs(named) do scope[#scope + 1] = site.ids[string.lower(tag)] end
  return scope
end

local function add_shown(field, ids, at)
  field.shown_since = field.shown_in and field.shown_since or at
  local held = locales.as_list(field.shown_in)
  for _, id in ipairs(ids) do held[#held + 1] = id end
  field.shown_in = table.concat(held, ',')
end

-- Since when all that was claimed of it is in the CMS, for all variants.
function locales.claimed_since(field, claim)
  return math.min(field.shown_in and field.shown_since or claim.at, claim.at, now)
end

-- What the answer to a claim shows in some of the variants. With *rest* of the claim the value is
-- written only once other requests have carried it to the others.
function locales.note_shown(item, claim, verdict)
  for slug, ids in pairs(given(verdict.shown) or {}) do
    local field = item.fields[slug]
    if field and field.arrival == claim.fields[slug] and #ids > 0 then
      add_shown(field, ids, math.min(claim.at, now))
      items.touch(item, slug)
    end
  end
end

-- *states*: what an attempt found of the variants: gone, staged or live.
function locales.note_variants(place, id, states)
  local key = 'instep:variants:' .. place
  for _, name in ipairs({key, key .. ':next'}) do
    local text = redis.call('HGET', name, id)
    if text then
      local held = locales.parse_variants(text)
      for locale, state in pairs(states) do
        if state == 'gone' then held[locale] = nil else held[locale] = held[locale] and state end
      end
      if next(held) then redis.call('HSET', name, id, locales.variants_text(held))
      else redis.call('HDEL', name, id) end
    end
  end
end

-- An answer contradicts what is known: it may be a locale that is not there any more.
function locales.doubt(place, states)
  for _, state in pairs(states) do
    if state == 'gone' then redis.call('HSET', 'instep:site:' .. place, 'read', 0) end
  end
end

-- All of its variants are deleted, or none of them is live.
function locales.note_withdrawn(place, id, deleted)
  local key = 'instep:variants:' .. place
  if deleted then
    redis.call('HDEL', key, id)
    redis.call('HDEL', key .. ':next', id)
    return
  end
  local states = {}
  for locale in pairs(locales.parse_variants(redis.call('HGET', key, id))) do states[locale] = 'staged' end
  locales.note_variants(place, id, states)
end

return locales

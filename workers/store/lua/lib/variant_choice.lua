-- Shared: what of an item goes to which of its variants, by one request (locales.lua).
--! uses calls step items dead_letters locales listing_schedule locale_scope

local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local variant_choice = {}
-- By collection: a listing or the locales are to be read first.
calls.on_begin(function() variant_choice.wanted = {} end)

-- Has the locales read; true where that can be done now.
local function want_site(collection, here)
  if here.next > now then return false end
  variant_choice.wanted[collection.name] = variant_choice.wanted[collection.name] or 'site'
  return true
end

-- Has the variants listed; true where that can be done now.
local function want_listing(collection, here)
  if not here.pass and redis.call('HGET', here.key, 'again') ~= '1' then
    redis.call('HSET', here.key, 'again', 1)
  end
  if not here.pass and here.list_next > now then
    listing_schedule.note_due(here.list_next)
    return false
  end
  if here.lock and here.lock > now then
    listing_schedule.note_due(here.lock)
    return false
  end
  redis.call('HSET', here.key, 'hurry', 1)
  variant_choice.wanted[collection.name] = variant_choice.wanted[collection.name] or 'variants'
  return true
end

local function tags_text(site)
  local tags = {}
  for _, id in ipairs(site.all) do tags[#tags + 1] = site.tags[id] end
  return #tags > 0 and table.concat(tags, ', ') or 'none'
end

-- The variants that a field of one locale goes to: one. Else 'wait', or nil where it is buried.
local function own_variant(item, collection, here, held, entry, id)
  local tag = locales.tag_of(entry.slug)
  local locale = here.site.ids[string.lower(tag)]
  local field = item.fields[entry.slug]
  local since = math.max(field.since or 0, field.repair_at or 0)
  if not locale then
    if here.read < since and want_site(collection, here) then return 'wait' end
    if here.read < since then return 'later', here.next end
    local words = 'the site has no locale ' .. tag .. '; it has ' .. tags_text(here.site)
    dead_letters.add(item, {entry.slug}, {kind = 'missing', message = words}, id)
    return nil
  end
  if locale == here.site.primary or held[locale] then return {locale} end
  if not here.began or here.began < since then
    if want_listing(collection, here) then return 'wait' end
    return 'later', here.pass and math.max(now + 1000, here.lock or 0) or here.list_next
  end
  local words = 'item ' .. id .. ' has no variant in the locale ' .. tag
  dead_letters.add(item, {entry.slug}, {kind = 'missing', message = words .. ': make it in the CMS, and replay this'}, id)
  return nil
end

local function is_primary_alone(here) return #here.scope == 1 and here.scope[1] == here.site.primary end

-- Something is sent: a variant that was made by hand is to be found within the hour.
local function renew_listing(here)
  if here.began + locales.VARIANTS_MS >= now or here.asked then return end
  here.asked = true
  redis.call('HSET', here.key, 'again', 1)
end

-- The same of an item that is made: no variant of it is asked for.
function variant_choice.note_creation(collection)
  local here = collection.locales and locale_scope.place_of(collection)
  if here and here.scope and here.began and not is_primary_alone(here) then renew_listing(here) end
end

-- Whether a field of all variants has to wait until these are listed.
local function waits_for_listing(item, collection, here, held, entry)
  if is_primary_alone(here) then return false end
  if not here.began then
    -- Items wait for one page of a long listing, no more: what it shows is written then.
    return here.offset == 0 and want_listing(collection, here)
  end
  if here.doubted and here.began < here.doubted then return want_listing(collection, here) end
  renew_listing(here)
  local unsure = not item.meta.copy and not next(held) and here.began < entry.since
  return unsure and want_listing(collection, here)
end

-- The variants that a field without a locale of its own goes to; or 'wait', or 'later' and when.
local function shared_variants(item, collection, here, held, entry)
  local list = type(collection.locales) == 'table'
  if not here.scope then
    -- The primary one has no need of the locales; but for a list, which may not name it.
    if collection.locales and want_site(collection, here) then return 'wait' end
    -- Once they can be read, the others get what is held: nothing else may ask for it.
    if collection.locales then redis.call('HSET', here.key, 'again', 1) end
    if list then return 'later', here.next end
    return {here.site and here.site.primary or ''}
  end
  if #here.scope == 0 and list then
    if here.read + locales.UNREAD_MS < now and want_site(collection, here) then return 'wait' end
    return 'later', math.max(here.next, here.read + locales.UNREAD_MS)
  end
  if #here.scope == 0 then return {''} end  -- the site has one locale, which has no name
  if waits_for_listing(item, collection, here, held, entry) then return 'wait' end
  local which = {}
  for _, locale in ipairs(here.scope) do
    if locale == here.site.primary or held[locale] then which[#which + 1] = locale end
  end
  return which
end

-- The item has none of the variants that are written: there is nothing to do.
local function ignore(item, slug)
  local field = item.fields[slug]
  if field.state == 'pending' then items.set_state(item, slug, 'ignored') end
  field.repair_at, field.confirmed, field.shown_in = nil, nil, nil
  items.touch(item, slug)
end

-- The variants that each of *send* goes to, by slug, and when the others are looked at again; nil
-- where nothing may be sent now.
local function variants_to_write(item, collection, here, held, send, id)
  local to, latest = {}, nil
  for _, entry in ipairs(send) do
    local which, till
    if not locales.tag_of(entry.slug) then
      which, till = shared_variants(item, collection, here, held, entry)
    elseif here.site then
      which, till = own_variant(item, collection, here, held, entry, id)
    else
      which, till = want_site(collection, here) and 'wait' or 'later', here.next
    end
    if which == 'wait' then return nil end
    if which == 'later' then
      latest = math.min(latest or till, till)
    elseif which and #which > 0 then
      to[entry.slug] = which
    elseif which then
      ignore(item, entry.slug)
    end
  end
  return to, latest
end

local function without_shown(item, slug, which)
  local field = item.fields[slug]
  if not field.shown_in then return which end
  local shown, rest = {}, {}
  for _, id in ipairs(locales.as_list(field.shown_in)) do shown[id] = true end
  for _, id in ipairs(which) do
    if not shown[id] then rest[#rest + 1] = id end
  end
  if #rest > 0 then return rest end
  -- What was missing is not there any more, and nothing else says that the value is written.
  field.shown_in = nil
  items.touch(item, slug)
  return which
end

-- Groups *to* (slug → cmsLocaleIds) by variant: those that go live first, else those that do not.
local function by_variant(item, here, held, send, to, retires)
  local live, staged = {}, {}
  local function is_staged(locale)
    if not request.live then return false end
    if locale == '' or locale == here.site.primary then return item.meta.staged ~= nil end
    return held[locale] == 'staged'
  end
  for _, entry in ipairs(send) do
    for _, locale in ipairs(to[entry.slug] or {}) do
      local group = is_staged(locale) and staged or live
      group[locale] = group[locale] or {}
      table.insert(group[locale], entry)
    end
  end
  if retires then
    -- What was never published needs not be taken back.
    for locale, entries in pairs(retires == 'delete' and staged or {}) do live[locale] = entries end
  end
  if next(live) then return live, false end
  return staged, next(staged) ~= nil
end

-- The tag of the primary locale, in which an item is made; nil where nothing of it asks for that.
function variant_choice.primary_tag(collection, item)
  local asked = false
  for slug in pairs(item.fields) do asked = asked or locales.tag_of(slug) ~= nil end
  local site = asked and locale_scope.place_of(collection).site
  if asked and not site then want_site(collection, locale_scope.place_of(collection)) end
  return site and site.primary and string.lower(site.tags[site.primary]) or nil
end

-- Of two fields for one place, the one that came first goes first.
local function without_rivals(entries)
  local first = {}
  for _, entry in ipairs(entries) do
    local other = first[locales.bare_slug(entry.slug)]
    if not other or entry.arrival < other.arrival then first[locales.bare_slug(entry.slug)] = entry end
  end
  local slugs = {}
  for _, entry in ipairs(entries) do
    if first[locales.bare_slug(entry.slug)] == entry then slugs[#slugs + 1] = entry.slug end
  end
  return slugs
end

local function is_plain(send)
  for _, entry in ipairs(send) do
    if locales.tag_of(entry.slug) then return false end
  end
  return true
end

-- What of *send* goes by one request, and into which variants; nil: none may go now. Second, nil
-- for a request of the primary variant alone, else
--   {entries: [[cmsLocaleId, [slug]]], rest: {slug: true}, staged}, rest: to be sent to
--   other variants, or not at all yet.
-- *most*: entries that the request takes of it.
function variant_choice.choose(item, collection, id, send, most, retires)
  local named = not is_plain(send)
  if not collection.locales then locale_scope.note_primary_alone(collection) end
  if not named and not collection.locales then return send end
  local here = locale_scope.place_of(collection)
  if here.site and here.read + locales.SITE_MS < now then want_site(collection, here) end
  local held = locales.parse_variants(redis.call('HGET', 'instep:variants:' .. here.place, id) or '')
  local to, till = variants_to_write(item, collection, here, held, send, id)
  if not to then return nil end
  if not next(to) then
    if till then items.set(item, 'due', math.min(till, now + locales.UNREAD_MS)) end
    return nil
  end
  if retires and not here.site then
    items.set(item, 'due', math.min(here.next, now + locales.UNREAD_MS))
    return nil
  end
  local whole = {}
  for slug, which in pairs(to) do
    whole[slug] = #which
    if not retires then to[slug] = without_shown(item, slug, which) end
  end
  local group, staged = by_variant(item, here, held, send, to, retires)
  local entries, carried, sent = {}, {}, {}
  for _, locale in ipairs(here.site and here.site.primary and here.site.all or {''}) do
    if group[locale] and (retires or #entries < most) then
      local slugs = without_rivals(group[locale])
      entries[#entries + 1] = {locale, slugs}
      for _, slug in ipairs(slugs) do carried[slug] = (carried[slug] or 0) + 1 end
    end
  end
  local rest = {}
  for _, entry in ipairs(send) do
    local times = carried[entry.slug]
    if times then sent[#sent + 1] = entry end
    if not retires and (not times or times < #to[entry.slug]) then rest[entry.slug] = true end
  end
  if #sent == 0 then return nil end
  local primary = here.site and here.site.primary or ''
  local simple = #entries == 1 and entries[1][1] == primary and not next(rest) and is_plain(sent)
  for _, entry in ipairs(sent) do simple = simple and whole[entry.slug] == 1 end
  if simple then return sent end
  return sent, {entries = entries, rest = next(rest) and rest or nil, staged = staged,
    tags = here.site.tags, primary = primary}
end

return variant_choice

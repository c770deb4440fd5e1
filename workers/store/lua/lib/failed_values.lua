-- Shared, of settle: values that the CMS has not taken, or may not have.
--! uses calls step items references dead_letters retirements late_imports duplicate_keys

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local failed_values = {}

-- The fields of *slugs* that still hold what was sent.
local function sent_fields(item, claim, slugs)
  local found = {}
  for _, slug in ipairs(slugs or {}) do
    local field = item.fields[slug]
    if field and field.arrival == claim.fields[slug] then found[slug] = field end
  end
  return found
end

-- The request may still land.
function failed_values.doubt(item, claim, verdict)
  if request.kind == 'unpublish' or request.kind == 'delete' then
    retirements.doubt(item, now + step.LATE_MS)
  elseif request.kind ~= 'create' then
    for slug in pairs(claim.fields) do items.mark_repair(item, slug, now + step.LATE_MS) end
    local wait = late_imports.note(item, claim, request.items == 1)
    verdict.wait_ms = math.max(verdict.wait_ms or 0, wait)
  end
end

local function ignore(item, slugs)
  for _, slug in ipairs(slugs) do
    items.set_state(item, slug, 'ignored')
    item.fields[slug].confirmed = nil
  end
end

local function dead_slugs(item, claim, death)
  local slugs, sent = {}, sent_fields(item, claim, death.slugs)
  for _, slug in ipairs(death.slugs) do
    local field = sent[slug]
    if field and field.state ~= 'dead' then
      if slug == items.GONE then retirements.note_refusal(field) end
      if death.kind ~= 'missing' then items.set(item, 'bad:' .. slug, 1) end
      slugs[#slugs + 1] = slug
    end
  end
  return slugs
end

-- Returns how many dead letters came of verdict.deaths; *attempts*: that they tell.
function failed_values.add_dead_letters(item, claim, verdict, attempts)
  local letters = 0
  for _, death in ipairs(verdict.deaths) do
    local slugs, missing = dead_slugs(item, claim, death), death.kind == 'missing'
    death.attempts = attempts
    death.absent = missing or (request.kind == 'create' and not given(verdict.made))
    verdict.absent = verdict.absent or missing
    local retired = missing and retirements.retire_nothing(item, now)
    if not retired and missing and request.missing == 'ignore' then
      ignore(item, slugs)
    elseif not retired and dead_letters.add(item, slugs, death, given(verdict.made) or verdict.id) then
      letters = letters + 1
    end
  end
  return letters
end

-- What the answer does not show goes once more; references that dangle are looked up before.
function failed_values.count_misses(item, claim, verdict)
  for slug, field in pairs(sent_fields(item, claim, verdict.missed)) do
    field.misses = (field.misses or 0) + 1
    items.touch(item, slug)
  end
  for slug, field in pairs(sent_fields(item, claim, verdict.dangling)) do
    references.forget_links(field)
    field.misses = (field.misses or 0) + 1
    items.touch(item, slug)
  end
end

-- The id of the item is wrong: it is looked up again.
function failed_values.forget_id(item, id)
  retirements.forget_id(step.place, item.record, id)
  items.forget_confirmations(item)
  -- A listing may have shown another item of that key while the request was on its way.
  if redis.call('HEXISTS', 'instep:ids:' .. step.place, item.record) == 0 and not duplicate_keys.promote_duplicate(step.place, item.record) then
    redis.call('HSET', 'instep:index:' .. step.place, 'full', 1)
    items.set(item, 'forgotten', 1)
  end
end

return failed_values

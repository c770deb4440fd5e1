-- Shared, of settle: values that the CMS has taken, and what its answer shows of them.
--! uses calls step items references write_history losses cms_forms locales freshness before_values undo_log redirects

local given = step.given
local request
calls.on_begin(function() request = step.request end)
local written_values = {}
local copy
calls.on_begin(function() copy = nil end)

-- Whether *field* holds the value that was sent, and all of it was. What is blocked was sent without an
-- item that waits for room.
local function is_settled(field, slug, claim)
  return field and field.arrival == claim.fields[slug] and not field.blocked_since
    and not (claim.rest and claim.rest[slug])
end

local function confirm(item, slug, claim)
  local field = item.fields[slug]
  if field.repair_at and locales.claimed_since(field, claim) >= field.repair_at then field.repair_at = nil end
  field.confirmed = references.confirmation(field.value, field.link)
  if field.misses then field.misses = nil end
  if field.same_file then field.same_file = nil end
  if field.shown_in then field.shown_in = nil end
  if field.shown_since then field.shown_since = nil end
  if field.undone and not field.repair_at then
    field.confirmed, field.flags, field.was_live, field.requests = nil, nil, nil, nil
  end
  items.set(item, 'bad:' .. slug, nil)
  items.set(item, 'late:' .. slug, nil)
  items.touch(item, slug)
end

-- A confirmation is a statement about one copy; with another copy the older ones fall.
local function confirm_copy(item)
  copy = copy or request.copy .. losses.copy_suffix()
  if item.meta.copy == copy then return end
  if item.meta.copy then items.forget_confirmations(item) end
  items.set(item, 'copy', copy)
end

-- What overtook the value of a request that was under way has taken its place.
local function note_overtaken(item, slug, field, claim)
  local sent = field and field.in_flight
  if not sent or sent.a ~= claim.fields[slug] then return end
  field.before, field.before_type, field.in_flight = sent.v, sent.t ~= field.type and sent.t or nil, nil
  items.touch(item, slug)
end

-- Since when the oldest of what is written waits, and whether a live event gave it (unpublished.lua).
local function note_since(item, field)
  local since = freshness.since_of(field)
  item.since = math.min(item.since or since, since)
  item.by_event = item.by_event or field.lane == 1
end

-- Whether the CMS now shows something else of *field* than before, as far as that is known.
local function is_news(item, field)
  if field.undone then return true end
  if field.state == 'pending' then return field.before ~= field.value end
  local told = before_values.told(item, field)
  return told ~= nil and told.v ~= nil and told.v ~= field.value
end

-- Returns the slugs of those of verdict.written that still hold what was sent, and whether any is news.
function written_values.settle(item, claim, verdict)
  local done, normalised, rows, news = {}, {}, {}, false
  item.since, item.by_event = nil, nil
  for _, slug in ipairs(verdict.normalised or {}) do normalised[slug] = true end
  if #verdict.written > 0 then confirm_copy(item) end
  if given(verdict.shown) then locales.note_shown(item, claim, verdict) end
  for _, slug in ipairs(verdict.written) do
    local field = item.fields[slug]
    if not is_settled(field, slug, claim) then
      note_overtaken(item, slug, field, claim)
    else
      news = news or is_news(item, field)
      if slug == 'slug' then redirects.note(item, field, given(verdict.made)) end
      rows[#rows + 1] = undo_log.row_written(item, slug, field, given(verdict.made))
      if field.state == 'pending' or field.state == 'ignored' then  -- ignored: create_only.lua
        freshness.observe(field)
        if given(request.publish) then note_since(item, field) end
        items.set_state(item, slug, 'written')
        if normalised[slug] then cms_forms.count_normalised(item, field) end
      end
      confirm(item, slug, claim)
      done[#done + 1] = slug
    end
  end
  local text = table.concat(rows)
  if text ~= '' then undo_log.add(item, true, text) end
  return done, news
end

-- The slugs that the request did not carry; nil: it carried all.
local function unsent_slugs(claim, verdict)
  local reply = given(request.reply)
  if reply and reply.sent == false then return claim.fields end
  if not verdict.unsent then return nil end
  local found = {}
  for _, slug in ipairs(verdict.unsent) do found[slug] = claim.fields[slug] end
  return found
end

-- What the answer shows of the values that were sent, and of those that were not.
function written_values.record_answer(item, claim, verdict)
  local at, unsent = given(verdict.answered), unsent_slugs(claim, verdict)
  for slug, arrival in pairs(unsent or {}) do
    write_history.forget_sent(item.fields[slug], arrival)
    items.touch(item, slug)
  end
  if not at then return end
  before_values.keep_told(item, at)
  items.set(item, 'answered', at)
  if next(verdict.edited or {}) then cms_forms.note_edits(item, verdict.edited) end
  for slug, arrival in pairs(claim.fields) do
    if not (unsent and unsent[slug]) then
      write_history.note_answer(item.fields[slug], arrival, at, verdict.seen[slug])
      items.touch(item, slug)
    end
  end
end

function written_values.keep_files(item, files)
  for slug, file in pairs(files or {}) do
    if item.fields[slug] then
      item.fields[slug].file = file
      items.touch(item, slug)
    end
  end
end

return written_values

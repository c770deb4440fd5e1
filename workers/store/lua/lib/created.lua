-- Shared: what a request that was to create an item has come to.

-- *slugs*: what the request carried, with the arrival number of each.
local function settle_creation(item, slugs, verdict)
  set(item, 'taken', given(verdict.taken))
  if given(verdict.passed) then set(item, 'passed', verdict.passed) end
  if given(verdict.made) then
    keep_id(request.collection .. ':' .. request.index, item.record, verdict.made)
    note_slug(item, given(verdict.named))
    end_creation(item)
    begin_anew(item)
    local shown = {}
    for _, slug in ipairs(verdict.written) do shown[slug] = true end
    for slug in pairs(slugs) do
      if not shown[slug] then mark_repair(item, slug, now) end
    end
  elseif verdict.unknown then
    doubt_creation(item, slugs, now + LATE_MS)
  elseif verdict.forget then
    look_up_again(item)
  end
end

-- Its claim had run out, and so it is looked up, or was found: in no case was it made twice.
local function settle_late_creation(item, verdict)
  local place = request.collection .. ':' .. request.index
  local known = redis.call('HEXISTS', P .. 'ids:' .. place, item.record) == 1
  if not given(verdict.made) and (known or not verdict.unknown) then return end
  settle_creation(item, {}, verdict)
end

-- Shared: what a request that was to take an item away has come to.
--! uses calls step items retirements locales item_status

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)

-- The CMS says that there was no live copy: of a first request that is so, of a second one the first
-- may have taken it.
local function note_unmoved(gone)
  if gone.requests ~= 1 or gone.repair_at or not gone.flags or gone.flags._draft ~= gone.arrival then return end
  gone.flags._draft = nil
  if not next(gone.flags) then gone.flags = nil end
end

local function note_unpublished(item, id, unmoved)
  local status = item_status.load(step.place, id)
  local flags, at = status and status.flags or '', given(request.at) or (status and item_status.seen_at(status)) or ''
  if unmoved then
    -- It may have been a request of ours before this one: what it shows now is unknown.
    redis.call('HDEL', 'instep:status:' .. step.place, id)
  elseif status then
    if not string.find(flags, 'd', 1, true) then flags = flags .. 'd' end
    item_status.record(step.place, id, flags .. '||' .. at)
  end
  items.set(item, 'staged', given(request.at) and '@' .. request.at or 1)
  items.forget_confirmations(item, true)
end

-- The item has been taken away, or the live copy of it. Returns the slugs that are done.
local function settle(item, claim, verdict)
  local gone = item.fields[items.GONE]
  local deleted = request.kind == 'delete'
  locales.note_withdrawn(step.place, verdict.id, deleted)
  if deleted then
    retirements.forget_id(step.place, item.record, verdict.id)
    retirements.forget_item(item)
  else
    gone.live_variant = nil
    if verdict.unmoved then note_unmoved(gone) end
    note_unpublished(item, verdict.id, verdict.unmoved)
  end
  items.touch(item, items.GONE)
  if gone.arrival ~= claim.fields[items.GONE] then return {} end
  if (gone.value == '"delete"' and not deleted) or retirements.takes_creation_back(gone) then
    gone.unpublished = 1
    return {}
  end
  return {items.GONE}
end

-- Its claim had run out: others may have written the item since, on either side of it.
local function settle_late(item, verdict)
  if verdict.retired and request.kind == 'delete' then
    retirements.forget_id(step.place, item.record, verdict.id)
  elseif verdict.unknown then
    retirements.doubt(item, now + step.LATE_MS)
  end
end

return {settle = settle, settle_late = settle_late}

-- Shared: what a request that was to create an item has come to.
--! uses calls step items retirements item_ids creation

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)

-- *slugs*: what the request carried, with the arrival number of each.
local function settle(item, slugs, verdict)
  items.set(item, 'taken', given(verdict.taken))
  if given(verdict.passed) then items.set(item, 'passed', verdict.passed) end
  if given(verdict.made) then
    item_ids.keep(step.place, item.record, verdict.made)
    if given(verdict.status) then items.set(item, 'ours', 1) end
    creation.note_slug(item, given(verdict.named))
    creation.finish(item, true)
    retirements.reset(item)
    local shown = {}
    for _, slug in ipairs(verdict.written) do shown[slug] = true end
    for slug in pairs(slugs) do
      if not shown[slug] then items.mark_repair(item, slug, now) end
    end
  elseif verdict.unknown then
    creation.doubt(item, slugs, now + step.LATE_MS)
  elseif verdict.forget then
    creation.look_up_again(item)
  end
end

-- Its claim had run out, and so it is looked up, or was found: in no case was it made twice.
local function settle_late(item, verdict)
  local known = redis.call('HEXISTS', 'instep:ids:' .. step.place, item.record) == 1
  if not given(verdict.made) and (known or not verdict.unknown) then return end
  settle(item, {}, verdict)
end

return {settle = settle, settle_late = settle_late}

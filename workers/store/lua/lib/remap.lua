-- Shared: kept deliveries that run again through the mappings as they are now (`instep remap`).
-- request.again: so it is.
-- What changes nothing is not accepted: it was, or was overtaken before it could be.
--! uses calls step items field_codes

local request
local remap = {tally = {}, taken = {}, refused = {}, closed = {}}
calls.on_begin(function()
  request = step.request
  remap.tally.same, remap.tally.stale, remap.tally.undone = 0, 0, 0
  -- Mostly there are none: a new table costs more than to ask.
  if remap.taken[1] then remap.taken = {} end
  if remap.refused[1] then remap.refused = {} end
  if remap.closed[1] then remap.closed = {} end
end)

-- By an undo, and by nothing newer: what it was held against is that, at the same version.
local function is_undone(against)
  return against and against[2] == 'n' and not (against[3] and against[3] < against[1].version)
end

-- Counts the fate of a value that was not taken. *against*: {field, why, own version} of what it is older than.
function remap.pass_over(event, change, fate, against)
  if not event.again then
    step.count('accepted', 1)
    items.count_state(change.collection, request.source, fate)
  else
    local name = fate ~= 'stale' and 'same' or is_undone(against) and 'undone' or 'stale'
    remap.tally[name] = remap.tally[name] + 1
  end
end

function remap.note_taken(event, item, slug, held, field)
  if not event.again then return end
  remap.taken[#remap.taken + 1] = {item.collection, item.record, slug, held and held.value or false, field.value,
    step.ARGV[6] == 'dry' and field_codes.encode(field) or false}
end

return remap

-- Shared: kept deliveries that run again through the mappings as they are now (`instep remap`).
-- request.again: so it is.
-- What changes nothing is not accepted: it was, or was overtaken before it could be.
--! uses step field_codes

local request, given = step.request, step.given
local tally = {same = 0, stale = 0}
local taken, refused, closed = {}, {}, {}

-- Counts the fate of a value that was not taken.
local function pass_over(event, fate)
  if not given(event.again) then
    step.count('accepted', 1)
    step.count(fate, 1)
  else
    local name = fate == 'stale' and 'stale' or 'same'
    tally[name] = tally[name] + 1
  end
end

local function note_taken(event, item, slug, held, field)
  if not given(event.again) then return end
  taken[#taken + 1] = {item.collection, item.record, slug, held and held.value or false, field.value,
    ARGV[6] == 'dry' and field_codes.encode(field) or false}
end

return {
  tally = tally, taken = taken, refused = refused, closed = closed,
  pass_over = pass_over, note_taken = note_taken,
}

-- Shared: a held retirement takes its place in the item.
--! uses calls step items held_retirements retirements left_out life_entries

local now
calls.on_begin(function() now = step.now end)
local held_release = {}

-- A process of the release before, which knows of no holds, has accepted something newer.
local function is_overtaken(item, held)
  local gone, seen = held.gone, held.seen or 0
  for slug, field in pairs(item.fields) do
    local later = field.arrival > gone.arrival and field.arrival > seen
    if later and slug == items.GONE and not field.undone then return true end
    local alike = string.sub(field.version, 1, 1) == string.sub(gone.version, 1, 1)
    if later and slug ~= items.GONE and alike and field.version > gone.version then return true end
  end
  return false
end

-- Puts it into its place, as of the copy *copy*. Returns 'pending', 'unchanged' or 'superseded'.
function held_release.release(item, copy, act, by)
  if is_overtaken(item, held_retirements.of(item)) then
    held_retirements.supersede(item, 'ended')
    return 'superseded'
  end
  life_entries.note_held(item, act, by)
  local gone = held_retirements.leave(item, nil)
  -- Nobody is late with what was held.
  gone.came_at, gone.since = gone.came_at or gone.since, now
  local state = retirements.retire(item, gone, copy)
  if state ~= 'pending' then
    step.count('pending', -1)
    items.count_state(item.collection, gone.source, state)
  end
  gone.state = state
  if state == 'pending' then
    items.clear(item, {'attempts', 'failed', 'refused'})
    items.set(item, 'due', now)
  end
  if next(item.left) then left_out.remove_overtaken(item) end
  return state
end

return held_release

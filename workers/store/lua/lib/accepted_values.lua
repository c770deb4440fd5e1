-- Shared, of accept: whether a value that comes is news to its item, and what becomes of it.
--! uses calls step items arrivals adoption version_events version_order field_kinds stale_values remap losses delivery
--! uses before_values undone_values dead_letters retirements create_only locales write_history cms_forms left_out
--! uses same_files run_counts pauses held_retirements retirement_waits

local given = step.given
local request
local accepted_values = {}
calls.on_begin(function()
  request = step.request
  accepted_values.changes = {}  -- by destination, one for each that has something to send now
  accepted_values.has_retired = false
end)

-- A copy is named "<index>:live" or "<index>:staged".
local function place_of(change) return change.collection .. ':' .. string.match(change.copy, '^[^:]*') end

-- A nil would take a place in the table as well.
local function put(field, name, value)
  if value ~= nil then field[name] = value end
end

local function new_field(change, event, triple, version, held)
  local again, snapshot = event.again, change.snapshot
  local number, place = delivery.kept and delivery.kept.number, delivery.kept and event.place
  if again then number, place = again.number, again.place end
  -- What few have is put in afterwards: a table of up to 16 names takes half of the time of one with more.
  local field = {value = triple[2], type = triple[3], version = version, source = request.source,
    arrival = arrivals.next(), lane = delivery.lane, since = arrivals.ms, event = event.name,
    events = version_events.at(held, version, event.id), delivery = number ~= 0 and number or nil, place = place}
  put(field, 'form_mark', triple[4])
  put(field, 'run', given(request.run))
  if again and again.number == 0 then put(field, 'stands_at', given(again.arrival)) end
  if snapshot then field.snapshot_at = snapshot.as_of_ms end
  put(field, 'snapshot_time', field_kinds.has_snapshot_time(held, version, snapshot))
  if triple[1] ~= items.GONE then put(field, 'retirement_version', field_kinds.has_kind_of_retirement(held, version, change)) end
  if held and held.state == 'pending' then
    if not snapshot and held.since < arrivals.ms then field.came_at = arrivals.ms end
    field.since = math.min(held.since, arrivals.ms)
    field.lane = math.min(held.lane or 1, field.lane)
  end
  return field
end

-- The fate of a value of a CMS event; nil: it is an edit.
local function fate_of_echo(item, change, slug, triple)
  local seen = given(change.seen[slug])
  local fate = write_history.known_fate(item, slug, triple[2], triple[3], seen, change.echo, triple[4])
  if fate then return fate end
  -- An edit of the item in the CMS does not bring its record back.
  if items.in_force(item) then return 'stale' end
  write_history.doubt_value(item, slug, change.echo)
end

-- The retirement that waits, for one that comes.
local function waiting_of(item, slug)
  return slug == items.GONE and item.meta.held and held_retirements.gone(item) or nil
end

-- Why the value is not taken; nil: it is news.
local function fate_of(item, change, event, triple, version)
  local slug, held = triple[1], item.fields[triple[1]]
  local fate = change.echo and fate_of_echo(item, change, slug, triple)
  if fate then return fate end
  if not version then return 'stale' end
  if version_order.repeats_value(held, version, event, triple[2], triple[3]) then return 'same' end
  local waits = waiting_of(item, slug)
  if waits and version_order.repeats_value(waits, version, event, triple[2], triple[3]) then return 'same' end
  if not version_order.is_news(item, slug, version, event, change) then return 'stale' end
  if change.stands and not adoption.is_adoptable(item, slug) then return 'stale' end
  if slug == items.GONE and item.meta.dropped then return 'discarded' end
end

-- Returns whether it is held.
local function take_retirement(item, change, field, copy)
  local waits, till, may_go = retirement_waits.look(item, change, field)
  if waits then
    held_retirements.hold(item, field, given(request.run), till)
    items.set(item, 'by', change.by)
    if request.mode ~= 'reconcile' then items.set(item, 'shown', change.shown) end
    return true
  end
  held_retirements.supersede(item, 'ended')
  field.state = retirements.retire(item, field, copy)
  local counted = delivery.lane < 3 or given(request.retiring)
  if field.state == 'pending' and may_go and counted then
    run_counts.note_retired(place_of(change))
    accepted_values.has_retired = true
  end
  return false
end

-- A value that is newer than a retirement that waits, or was dropped, says that the record is there; an
-- edit in the CMS does not.
local function end_holds(item, change, event, field)
  local gone = item.meta.held and held_retirements.gone(item)
  if gone and version_order.goes_over(gone, field.version, event, change) then
    if change.echo then
      held_retirements.pass(item, field.arrival)
    else
      held_retirements.supersede(item, 'ended')
    end
  end
  local dropped = not change.echo and held_retirements.dropped(item)
  if dropped and version_order.goes_over(dropped, field.version, event, change) then held_retirements.forget_dropped(item) end
end

local function take_value(item, change, event, triple, field, copy)
  local slug, held = triple[1], item.fields[triple[1]]
  local gone = item.fields[items.GONE]
  if gone and gone.undo and version_order.LATER[request.mode] then
    gone.undo = nil  -- its source speaks of the record again
    items.touch(item, items.GONE)
  end
  if item.meta.held or item.meta.dropped then end_holds(item, change, event, field) end
  if items.in_force(item) then version_order.undone_by[item.fields[items.GONE]] = event end
  if item.fields[items.GONE] then retirements.undo_retirement(item) end
  if held then
    field.confirmed, field.repair_at, field.file, field.history = held.confirmed, held.repair_at, held.file, held.history
    dead_letters.supersede(item, slug)
    if item.meta.copy == copy then same_files.note(field, held) end
  end
  local listed = change.before and change.before[slug]
  if change.echo then listed = {triple[2], triple[3]} end
  before_values.carry(item, slug, field, not change.echo and held or nil, listed)
  if change.echo then write_history.note_edit(field, triple[2], given(change.seen[slug]), change.echo) end
  items.note_value(item, slug, field.value)
  item.fields[slug] = field
  items.touch(item, slug)
  local same = adoption.is_known(field, held, triple[3], triple[2]) and not field.repair_at and item.meta.copy == copy
  field.state = same and 'unchanged' or 'pending'
  if same then cms_forms.keep(field, held) end
  if change.stands then adoption.adopt(item, field, copy, change.stands) end
  if change.on_create then create_only.keep(field, change.on_create[slug]) end
end

-- There is something to send of it: *field*.
local function make_due(item, change, field)
  items.set(item, 'by', change.by)
  if request.mode ~= 'reconcile' and request.mode ~= 'undo' then items.set(item, 'shown', change.shown) end
  -- A newer value starts the count afresh and does not wait out the backoff of the older one.
  items.set(item, 'attempts', nil)
  items.set(item, 'failed', nil)
  items.set(item, 'refused', nil)
  -- What has nothing to send has no lane: when it was due last counts no more.
  local due = item.meta.lane and tonumber(item.meta.due)
  if not due or due > delivery.due then items.set(item, 'due', delivery.due) end
  if not pauses.holds(field) then accepted_values.changes[change.destination] = change end
end

-- The retirement of the item is taken back. That itself is done with: what it brings about is no value of any source.
local function lift(item, change)
  local arrival = undone_values.lift(item)
  items.count_state(change.collection, request.source, 'unchanged')
  make_due(item, change, item.fields[items.GONE])
  return {items.GONE, arrival, 'unchanged', 'null'}
end

-- What of *item* a value of *slug* is older than: {field, why, own version} (life_entries.lua).
local function winner_of(item, change, slug, version)
  local held, gone = item.fields[slug], item.fields[items.GONE]
  if change.echo then return {held, 'o', version} end
  if slug == items.GONE then
    held = waiting_of(item, slug) or held
    if not (gone and gone.undo) then
      for _, field in pairs(item.fields) do
        if not held or field.version > held.version then held = field end
      end
    end
  elseif gone and not gone.undone and (not held or gone.version >= held.version) then
    return {gone, gone.undo and 'n' or 'g', version}
  end
  return {held, held and held.undo and 'n' or 'v', version}
end

-- Takes one value of *change*, [slug, value, type, form]; returns its fate: {slug, arrival number or 0, what,
-- value, what it was held against} (life_entries.lua).
function accepted_values.take(change, event, triple)
  local slug, item = triple[1], items.of(change)
  local held = waiting_of(item, slug) or item.fields[slug]
  local undoes = change.undoes and change.undoes[slug]
  local version = undoes and undone_values.version_of(item, slug) or version_order.version_of(item, slug, change, event)
  if version and version_order.LATER[request.mode] then field_kinds.yield_kind(item, slug, version) end
  if given(change.locale) and locales.is_elsewhere(place_of(change), change.locale, slug) then
    -- It is of another variant than this one.
    remap.pass_over(event, change, 'stale')
    return {slug, 0, 'stale', triple[2], {nil, 'l'}}
  end
  local fate
  if undoes then
    fate = undone_values.fate_of(item, slug, triple[2], undoes)
  else
    fate = fate_of(item, change, event, triple, version)
  end
  if fate then
    if fate == 'stale' and not change.echo and not event.again then
      stale_values.note_stale(item, change, slug, version)
    end
    local against
    if fate == 'stale' then against = winner_of(item, change, slug, version) end
    remap.pass_over(event, change, fate, against)
    if fate == 'same' then against = {held, 'r', version} end
    return {slug, 0, fate, triple[2], against}
  end
  stale_values.note_newer()
  step.count('accepted', 1)
  if undoes and slug == items.GONE and triple[2] == 'null' then return lift(item, change) end
  local overtaken = held and (held.state == 'pending' or held.state == 'dead') and {held, 'x', version} or nil
  local copy = change.copy .. losses.copy_suffix()
  local field, waits = new_field(change, event, triple, version, held), false
  if undoes then undone_values.mark(field, held) end
  if slug == items.GONE then
    waits = take_retirement(item, change, field, copy)
  else
    take_value(item, change, event, triple, field, copy)
  end
  remap.note_taken(event, item, slug, held, field)
  if next(item.left) and not (undoes or waits) then left_out.overtake(item, slug, version, event) end
  items.count_state(change.collection, request.source, field.state)
  if undoes and field.state == 'unchanged' and slug ~= items.GONE then undone_values.note_unsent(item, slug, field, held) end
  if field.state == 'unchanged' then return {slug, field.arrival, 'unchanged', triple[2], overtaken} end
  if waits then return {slug, field.arrival, 'held', triple[2], overtaken} end
  make_due(item, change, field)
  return {slug, field.arrival, 'accepted', triple[2], overtaken}
end

return accepted_values

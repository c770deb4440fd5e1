-- Shared: which version a value has, and whether it takes the place of the one that is held.
--
-- An event that runs again comes where it came (delivery and place of a field): over an older version;
-- at the same version over its own value, and over that of what its source sent before it; and over
-- nothing else.
-- A change without a version (workers/model/changes.py, Placed) that runs again goes over what has no
-- higher arrival number than the newest when it first came (event.again.arrival), and over nothing
-- else. What an older release kept lacks that number, and goes by when it came.
--! uses calls versions step items arrivals inferred_retirements held_retirements field_kinds version_events

local given = step.given
local request, now, now_us

local version_order = {}
-- undone_by: retirement → the event of this step that has undone it: its other fields go over it, too

-- A spooled delivery, request.spooled, came before it could be accepted: it goes over what came
-- before that, by its time, and over nothing else.

-- When the delivery came, in names of arrivals: us, ms.
calls.on_begin(function()
  request, now, now_us = step.request, step.now, step.now_us
  version_order.undone_by = {}
  arrivals.spooled, arrivals.us, arrivals.ms = given(request.spooled), now_us, now
  if arrivals.spooled then
    arrivals.us = math.min(arrivals.spooled.came_us, now_us)
    arrivals.ms = math.floor(arrivals.us / 1000)
  elseif arrivals.reserved then
    arrivals.us, arrivals.ms = versions.micros_of(arrivals.reserved.came), arrivals.reserved.came_ms
  end
end)

version_order.LATER = {live = true, fetched = true}  -- modes in which the later of two equals wins

-- An event that runs again, in a slice of its delivery (arrivals.lua) or out of a spool stands
-- where it came.
local function stands_back(event) return event.again or arrivals.reserved or arrivals.spooled end

-- The event that runs again has given the value that is held.
local function gave(held, event)
  local again = event.again
  if not again or not held or held.source ~= request.source then return false end
  if again.number == 0 then return held.stands_at ~= nil and held.stands_at == given(again.arrival) end
  return held.delivery == again.number and held.place == again.place
end

-- What is held came before the event that runs again, of the same source. Number 0: of a letter
-- whose delivery was not kept.
local function sent_before(held, event)
  local again = event.again
  if not again or held.source ~= request.source or not held.delivery then return false end
  return held.delivery < again.number or (held.delivery == again.number and held.place < again.place)
end

-- The newest arrival number when the event first came; nil: it comes now, or that is unknown.
local function first_arrival(event)
  local again = event.again
  if again then return given(again.arrival) end
  return arrivals.reserved and arrivals.reserved.arrival
end

function version_order.came_before(held, event)
  if version_order.undone_by[held] == event then return true end
  local again, arrival = event.again, first_arrival(event)
  if held.undo then
    -- It has the place of the event that it took back, and came later.
    if again then return false end
    if arrival then return held.arrival <= arrival end
  end
  if arrivals.spooled and not again then
    return (not held.undo and held.snapshot_at or held.came_at or held.since) * 1000 <= arrivals.us
  end
  local both_kept = again and again.number ~= 0 and held.source == request.source and held.delivery
  if not arrival or both_kept then return sent_before(held, event) end
  return (held.stands_at or held.arrival) <= arrival
end

-- Whether the event is the later of two that are equal.
local function wins_ties(held, event)
  if not version_order.LATER[request.mode] or event.again then return false end
  return not stands_back(event) or version_order.came_before(held, event)
end

-- Versions that cannot be compared.
local function are_apart(one, other)
  local kind, other_kind = versions.kind_of(one), versions.kind_of(other)
  return kind ~= other_kind and kind ~= versions.BEFORE and other_kind ~= versions.BEFORE
end

local WAITS = ':waits'  -- the retirement that has not taken its place (held_retirements.lua)

local function waiting_of(item) return item.meta.held and held_retirements.gone(item) or nil end

local function fields_of(item)
  local gone = waiting_of(item)
  if not gone then return item.fields end
  local all = {[WAITS] = gone}
  for name, field in pairs(item.fields) do all[name] = field end
  return all
end

-- A value of *slug* is compared with that of its field, and with the retirement of its item; a
-- retirement with all that is held.
local function is_compared(slug, name)
  return slug == items.GONE or name == slug or name == items.GONE or name == WAITS
end

-- The newest version of what a change without one goes over; false: it comes after something that
-- came after it.
local function newest_before(item, slug, event)
  local newest
  for name, field in pairs(fields_of(item)) do
    if is_compared(slug, name) then
      local before = not stands_back(event) or version_order.came_before(field, event)
      local own = slug ~= items.GONE and item.fields[slug]
      local apart = own and are_apart(own.version, field.version)
      if before and not apart and (not newest or field.version > newest) then newest = field.version end
      -- What is older than a retirement that waits is taken.
      local late = (slug == items.GONE or name ~= WAITS) and (first_arrival(event) or arrivals.spooled)
      if not before and late and not gave(field, event) then return false end
    end
  end
  return newest
end

-- The source has no times: of when it came, and later than all that came before it.
local function arrival_version(newest, event)
  local again = event.again
  local micros = again and versions.micros_of(again.came) or arrivals.us
  if not newest or versions.kind_of(newest) == versions.BEFORE then return versions.time_at(micros) end
  if versions.kind_of(newest) == 's' then return newest end
  return versions.time_at(math.max(micros, versions.micros_of(newest) + 1))
end

-- The version that the event, which runs again, has given another field of *item*.
local function version_beside(item, event)
  for slug, field in pairs(item.fields) do
    if slug ~= items.GONE and gave(field, event) then return field.version end
  end
end

-- A new row without a time goes over the retirement *gone*, which is in force as its event comes.
local function is_below(gone, event)
  if not gone or gone.undone then return gone ~= nil and version_order.undone_by[gone] == event end
  return not stands_back(event) or version_order.came_before(gone, event)
end

-- The version of a change that has none of its own; nil: it is not to go over what is held.
local function placed_version(item, slug, placed, event)
  local gone = waiting_of(item) or item.fields[items.GONE]
  local held = slug == items.GONE and gone or item.fields[slug]
  if held and gave(held, event) then return held.version end
  local newest = newest_before(item, slug, event)
  if newest == false then return nil end
  local by_time = event.again and not first_arrival(event)
  if placed == 'arrival' or by_time then return arrival_version(newest, event) end
  -- Behind a new row that comes late, which stands before everything.
  if placed == 'held' then return newest or versions.right_after(versions.BEFORE) end
  return version_beside(item, event) or is_below(gone, event) and versions.right_after(gone.version) or versions.BEFORE
end

-- Of a change that stands right after the row before, at *version*: over what a snapshot showed of
-- that row, whose time says when it was read.
local function replacing_version(item, slug, version, event)
  local newest = version
  for name, field in pairs(fields_of(item)) do
    if is_compared(slug, name) and field.version > version and not are_apart(field.version, version) then
      if name == slug and gave(field, event) then return field.version end
      local before = not stands_back(event) or version_order.came_before(field, event)
      if not field_kinds.is_of_snapshot(field) or not before then return version end
      if field.version > newest then newest = field.version end
    end
  end
  return newest
end

function version_order.version_of(item, slug, change, event)
  if change.placed == 'after' and change.version then
    return replacing_version(item, slug, change.version, event)
  end
  return change.version or placed_version(item, slug, change.placed, event)
end

-- At an equal version a snapshot wins over what had come long enough before it was taken.
local function outlives(held, snapshot)
  if not given(snapshot) then return false end
  if held.snapshot_at then return snapshot.as_of_ms > held.snapshot_at end
  return (held.came_at or held.since) < snapshot.before_ms
end

-- What is held at the same version came before the event that runs again. A version that another
-- row gave has no time.
local function is_overtaken_by(held, event, change)
  local own = change.version and change.placed ~= 'after'
  return (own and sent_before or version_order.came_before)(held, event)
end

-- An undo has the version of what it took back. A later event goes over it: not one that may be a repeat,
-- since it has a version and no id.
local function wins_over_undo(held, event, change)
  if version_events.has(held, event.id) or not wins_ties(held, event) then return false end
  return not change.version or event.id ~= nil
end

-- Whether a value takes the place of *held*, which has the same version.
local function wins_tie(held, event, change)
  if held.undo then return wins_over_undo(held, event, change) end
  if gave(held, event) then return true end
  if version_events.has(held, event.id) then return false end
  if wins_ties(held, event) or outlives(held, change.snapshot) or change.stands then return true end
  return is_overtaken_by(held, event, change)
end

-- Whether a value takes the place of the one that is held.
local function wins(held, version, event, change)
  -- That a snapshot was taken later says nothing of its rows.
  if held and held.undo and field_kinds.has_snapshot_time(nil, version, change.snapshot) then return false end
  if not held or version > held.version then return true end
  return version == held.version and wins_tie(held, event, change)
end

-- Whether a value goes over the retirement of its item. Where versions cannot be compared
-- the later delivery does; a retirement that was undone stops nothing.
function version_order.goes_over(gone, version, event, change)
  if gone and inferred_retirements.is_void(gone) then return true end
  -- What a snapshot says of a field that is not held may come before everything.
  local before = gone and gone.undone and versions.kind_of(version) == versions.BEFORE
  if before and outlives(gone, change.snapshot) then return true end
  if not gone or not are_apart(gone.version, version) then return wins(gone, version, event, change) end
  return gone.undone or wins_ties(gone, event) or outlives(gone, change.snapshot) or version_order.came_before(gone, event)
end

-- Whether the retirement *gone* is newer.
local function stops(gone, slug, version, event, change)
  return not inferred_retirements.confirms(slug, gone, version_order.LATER) and not version_order.goes_over(gone, version, event, change)
end

-- A row without a version of its own may have that of the retirement, which says nothing of it.
local function is_below_undo(item, slug, version, change)
  local held, gone = item.fields[slug], item.fields[items.GONE]
  return held and held.undo and change.snapshot and slug ~= items.GONE and gone and version == gone.version
end

-- Whether a value is new to its item: a retirement is compared with all that is held of it.
function version_order.is_news(item, slug, version, event, change)
  if is_below_undo(item, slug, version, change) then return false end
  if stops(item.fields[items.GONE], slug, version, event, change) then return false end
  if slug ~= items.GONE then return wins(item.fields[slug], version, event, change) end
  if item.meta.held and stops(waiting_of(item), slug, version, event, change) then return false end
  for name, field in pairs(item.fields) do
    local other = versions.kind_of(field.version) ~= versions.kind_of(version) and versions.kind_of(field.version) ~= versions.BEFORE
    if name ~= items.GONE and not other and version <= field.version then
      local later = wins_ties(field, event) or gave(field, event) or outlives(field, change.snapshot)
        or is_overtaken_by(field, event, change)
      if version < field.version or not later then return false end
    end
  end
  return true
end

-- Running again, an event gives what it gave.
function version_order.repeats_value(held, version, event, value, kind)
  return gave(held, event) and version == held.version and value == held.value and kind == held.type
end

return version_order

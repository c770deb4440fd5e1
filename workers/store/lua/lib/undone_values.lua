-- Shared, of accept: values that take back what was written (mode 'undo').
-- undoes of a change: slug → arrival number of the value that is taken back. It is so only while the field
--   holds that one. A retirement "null": the record is back. Any other: no field may hold a higher number.
-- undo of a field: the run that has put it in the place of what it took back. A newer version goes over it, and
--   a later event does; a repeat, a snapshot and what runs again do not (version_order.lua). What takes
--   back an undo has no such mark.
--! uses calls step items versions retirements undo_log

local request
calls.on_begin(function() request = step.request end)
local undone_values = {}

local function newest_arrival(item)
  local newest
  for _, field in pairs(item.fields) do newest = math.max(newest or 0, field.arrival) end
  return newest
end

-- Why the value is not taken; nil: it is.
function undone_values.fate_of(item, slug, value, undoes)
  local held, gone = item.fields[slug], items.in_force(item)
  if slug == items.GONE and value ~= 'null' then return newest_arrival(item) ~= undoes and 'stale' or nil end
  if not held or held.arrival ~= undoes then return 'stale' end
  if slug == items.GONE then return not gone and 'stale' or nil end
  return gone and gone.value ~= '"keep"' and 'stale' or nil
end

-- The version of what is taken back; of the retirement of an item, that of its newest value.
function undone_values.version_of(item, slug)
  local held = item.fields[slug]
  if slug ~= items.GONE then return held and held.version or versions.BEFORE end
  local newest = versions.BEFORE
  for _, field in pairs(item.fields) do
    if field.version > newest then newest = field.version end
  end
  return newest
end

-- *field* takes the place of *held*: it is of the same event, should its own undo be undone.
function undone_values.mark(field, held)
  field.undo = not (held and held.undo) and request.run or nil
  if not held then return end
  for _, name in ipairs({'delivery', 'place', 'stands_at', 'snapshot_at'}) do field[name] = held[name] end
end

-- It was never sent: nothing but this tells of it.
function undone_values.note_unsent(item, slug, field, held)
  undo_log.add(item, true, undo_log.row(slug, field, held.value, held.type))
end

-- The record is back: what its retirement has changed is put right, and an item that is gone is made anew.
function undone_values.lift(item)
  local gone = items.in_force(item)
  local was, anew = gone.undo, gone.delete_sent and gone.value == '"delete"'
  for slug, field in pairs(item.fields) do
    local deleted = field.deleted_by == gone.arrival or (field.deleted_by == 1 and field.arrival == gone.arrival)
    if slug ~= items.GONE and deleted then
      field.deleted_by = nil
      items.touch(item, slug)
    end
  end
  retirements.undo_retirement(item)
  for slug, field in pairs(item.fields) do
    local again = field.state == 'superseded' or (anew and (field.state == 'written' or field.state == 'unchanged'))
    if slug ~= items.GONE and again and not field.deleted_by then
      items.wait_again(item, slug)
      field.letter = nil
    end
  end
  gone.undo = not was and request.run or nil
  undo_log.add(item, true, undo_log.row(items.GONE, {arrival = gone.arrival, version = gone.version, type = 'gone',
    source = request.source, run = request.run, undo = gone.undo, value = 'null'}, gone.value))
  return gone.arrival
end

return undone_values

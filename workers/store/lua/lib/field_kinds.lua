-- Shared, of accept: of which kind the version of a field is, and which kinds may take its place.
--! uses versions items

local field_kinds = {}

-- As an older release left what a snapshot gave.
local function seems_of_snapshot(held) return held.lane == 3 and not (held.event or held.events or held.delivery) end

function field_kinds.is_of_snapshot(held) return held.snapshot_time ~= nil or seems_of_snapshot(held) end

-- Whether the value that takes *version* has the time of a snapshot.
function field_kinds.has_snapshot_time(held, version, snapshot)
  if held and held.version == version and held.snapshot_time then return 1 end
  if not snapshot or versions.kind_of(version) ~= 't' then return nil end
  local ms = math.floor(versions.micros_of(version) / 1000)
  return (ms == snapshot.as_of_ms or ms == snapshot.before_ms) and 1 or nil
end

-- A time that a snapshot gave, where the source numbers its changes, or the version of a retirement: it
-- is before everything, and its field takes the kind of the next live event.
local function yields(held, kind)
  if held.retirement_version then return kind ~= versions.kind_of(held.version) end
  return kind == 's' and versions.kind_of(held.version) == 't' and field_kinds.is_of_snapshot(held)
end

-- Whether the value that takes *version*, which is not its own, has it of a retirement.
function field_kinds.has_kind_of_retirement(held, version, change)
  local own = change.version and not change.snapshot
  if own or versions.kind_of(version) == versions.BEFORE then return nil end
  if held and versions.kind_of(held.version) == versions.kind_of(version) then return (held.retirement_version or held.snapshot_time) and 1 or nil end
  return not change.version and (not held or versions.kind_of(held.version) == versions.BEFORE) and 1 or nil
end

-- The kind of a field's version, where that is another one than *kind*; nil: it is not.
local function differing_kind(field, kind)
  local held = field and versions.kind_of(field.version)
  return held and held ~= versions.BEFORE and held ~= kind and not yields(field, kind) and held or nil
end

-- What of an item has versions of another kind than *kind*, and which; nil: none.
function field_kinds.other_kind(item, slug, kind)
  local own = item.fields[slug]
  if own and versions.kind_of(own.version) ~= versions.BEFORE then return differing_kind(own, kind), slug end
  if slug ~= items.GONE then return nil end
  local found, where
  for name, field in pairs(item.fields) do
    local held = differing_kind(field, kind)
    if not held then return nil end
    if not where or name < where then found, where = held, name end
  end
  return found, where
end

local function yield_field(item, name, version)
  local held = item.fields[name]
  if held and yields(held, versions.kind_of(version)) then
    held.version = versions.BEFORE
    items.touch(item, name)
  end
end

function field_kinds.yield_kind(item, slug, version)
  yield_field(item, slug, version)
  if slug ~= items.GONE then yield_field(item, items.GONE, version) end
end

return field_kinds

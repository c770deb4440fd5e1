-- Shared: a retirement without an event: a snapshot of its source lacked the record.
-- It falls, as if it had never been, by a snapshot of that source that was taken later and has the
-- record; an event that says the same confirms it, whatever its version.
--! uses calls versions step items

local request
calls.on_begin(function() request = step.request end)

local inferred_retirements = {}

-- ms at which the snapshot was taken that inferred *gone*; nil: it is a real one.
function inferred_retirements.inferred_at(gone)
  if gone.inferred == 0 then return nil end
  if gone.snapshot_at then return gone.snapshot_at end
  -- As an older release left it.
  local older = gone.lane == 3 and not (gone.event or gone.events or gone.delivery)
  return older and versions.kind_of(gone.version) == 't' and math.floor(versions.micros_of(gone.version) / 1000) or nil
end

-- The event of a source says that a record is gone of which a snapshot said so before.
function inferred_retirements.confirms(slug, gone, modes)
  return slug == items.GONE and gone and not gone.undone and modes[request.mode] and inferred_retirements.inferred_at(gone) ~= nil
end

-- *gone* takes the place of *held*: a retirement by an event stays one.
function inferred_retirements.keep_real(gone, held)
  if gone.snapshot_at and held and not held.undone and not inferred_retirements.inferred_at(held) then gone.inferred = 0 end
end

-- It stops nothing any more: only what the CMS shows of it is left to be taken back.
function inferred_retirements.is_void(gone) return gone.undone and gone.version == versions.BEFORE end

return inferred_retirements

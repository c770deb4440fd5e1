-- Shared, of accept: a value that a listing has shown before it is held: the outbox takes it as
-- confirmed, and sends nothing; and one that is no other than what it holds. change.stands: the item's lastUpdated then, a version.
--! uses items file_types references write_history

-- What is on its way goes out: what the listing showed is not what stands then.
local function is_adoptable(item, slug)
  local held, claim = item.fields[slug], items.live_claim(item)
  if items.in_force(item) or (claim and claim.fields[slug]) then return false end
  return not held or (held.state ~= 'pending' and not held.repair_at)
end

local function adopt(item, field, copy, at)
  if not item.meta.copy then items.set(item, 'copy', copy) end
  field.state = 'unchanged'
  field.link = references.REFERS[field.type] and references.link_of(field.type, field.value) or nil
  -- A confirmation is of one copy.
  local whole = item.meta.copy == copy and (field.link or not references.REFERS[field.type])
  field.confirmed = whole and references.confirmation(field.value, field.link) or nil
  write_history.add_known(field, field.arrival, write_history.mark_of(field.value, field.type), at)
end

-- The CMS holds this very value; of files whose addresses differ in the query alone, that file.
local function is_known(field, held, kind, text)
  if not field.confirmed then return false end
  if references.is_confirmed(field, kind, text) then return true end
  if not file_types.NO_QUERY[kind] or not held or not references.is_confirmed(field, held.type, held.value) then return false end
  local akin = write_history.akin_mark(field) == write_history.akin_mark(held)
  if akin then field.confirmed = references.confirmation(text, nil) end
  return akin
end

return {is_adoptable = is_adoptable, adopt = adopt, is_known = is_known}

-- Shared, of accept: a value that a listing has shown before it is held: the outbox takes it as
-- confirmed, and sends nothing; and one that is no other than what it holds. change.stands: the item's lastUpdated then, a version.

-- What is on its way goes out: what the listing showed is not what stands then.
local function is_adoptable(item, slug)
  local held, claim = item.fields[slug], live_claim(item)
  if in_force(item) or (claim and claim.fields[slug]) then return false end
  return not held or (held.s ~= 'pending' and not held.m)
end

local function adopt(item, field, copy, at)
  if not item.meta.copy then set(item, 'copy', copy) end
  field.s = 'unchanged'
  field.j = REFERS[field.t] and link_of(field.t, field.v) or nil
  -- A confirmation is of one copy.
  local whole = item.meta.copy == copy and (field.j or not REFERS[field.t])
  field.c = whole and confirmation(field.v, field.j) or nil
  add_known(field, field.a, mark_of(field.v, field.t), at)
end

local NO_QUERY = {['image-no-query'] = true, ['images-no-query'] = true, ['file-no-query'] = true}

-- The CMS holds this very value; of files whose addresses differ in the query alone, that file.
local function is_known(field, held, kind, text)
  if is_confirmed(field, kind, text) then return true end
  if not NO_QUERY[kind] or not held or not is_confirmed(field, held.t, held.v) then return false end
  local akin = (field.E or mark_of(text, kind)) == (held.E or mark_of(held.v, held.t))
  if akin then field.c = confirmation(text, nil) end
  return akin
end

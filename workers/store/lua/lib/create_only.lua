-- Shared: fields that are written at the creation of an item only.
--   O of a field: 1: an item that is there never gets it. It is ignored there, and goes with the next
--     item that is made of the record, be it years later.
-- goes_into_new (creation.lua) says that what is ignored so goes into a new item.
--! uses step items references

-- *how*: 'create' where the collection creates what is missing, 'never' where it does not.
local function keep(field, how)
  if not how then return end
  field.O, field.m = 1, nil
  if how == 'never' and field.s == 'pending' then field.s = 'ignored' end
end

-- The item is there. What its creation has carried, and did not show, goes to it like any field (x).
local function ignore(item)
  for slug, field in pairs(item.fields) do
    if field.O and not field.x and (field.s == 'pending' or field.m) then
      if field.s == 'pending' then
        step.count('pending', -1)
        step.count('ignored', 1)
        field.s = 'ignored'
        references.end_wait(item, slug)
      end
      field.m = nil
      items.touch(item, slug)
    end
  end
end

return {keep = keep, ignore = ignore}

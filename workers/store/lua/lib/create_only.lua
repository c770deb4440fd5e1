-- Shared: fields that are written at the creation of an item only.
-- An item that is there never gets them (create_only). They are ignored there, and go with the next
-- item that is made of the record, be it years later.
-- goes_into_new (creation.lua) says that what is ignored so goes into a new item.
--! uses items references

-- *how*: 'create' where the collection creates what is missing, 'never' where it does not.
local function keep(field, how)
  if not how then return end
  field.create_only, field.repair_at = 1, nil
  if how == 'never' and field.state == 'pending' then field.state = 'ignored' end
end

-- The item is there. What its creation has carried, and did not show, goes to it like any field (misses).
local function ignore(item)
  for slug, field in pairs(item.fields) do
    if field.create_only and not field.misses and (field.state == 'pending' or field.repair_at) then
      if field.state == 'pending' then
        items.set_state(item, slug, 'ignored')
        references.end_wait(item, slug)
      end
      field.repair_at = nil
      items.touch(item, slug)
    end
  end
end

return {keep = keep, ignore = ignore}

-- Shared: files that the CMS was fetching for a request that nobody waited for to its end. They may
-- have come, or come yet: the item is read before they are imported once more.
-- late:<slug> of an item: the arrival number of the value whose import has not been answered. What
-- the item shows tells of it only where it was known what file was there before.
--! uses step items file_types

local IMPORTED = file_types.IMPORTED

local function is_late(item, slug, field)
  return IMPORTED[field.type] and tonumber(item.meta['late:' .. slug] or nil) == field.arrival
end

-- No answer came to *claim*; *alone*: which carried no other item. Returns for how many ms it is to
-- wait: where two values were sent, until the first one can come no more.
local function note(item, claim, alone)
  local wait = 0
  for slug, arrival in pairs(claim.fields) do
    local field = item.fields[slug]
    local repaired = field and field.arrival == arrival and field.state ~= 'pending'
    if field and IMPORTED[field.type] and not repaired and (alone or field.file) then
      local other = tonumber(item.meta['late:' .. slug] or arrival)
      if other ~= arrival then
        field.file, wait = nil, step.LATE_MS
        items.touch(item, slug)
      end
      items.set(item, 'late:' .. slug, string.format('%d', arrival))
    end
  end
  return wait
end

local function forget(item, slugs)
  for _, slug in ipairs(slugs or {}) do items.set(item, 'late:' .. slug, nil) end
end

return {is_late = is_late, note = note, forget = forget}

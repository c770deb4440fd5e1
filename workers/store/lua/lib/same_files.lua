-- Shared, of accept: a value with the pictures that the CMS holds already, as where an alternative text
-- alone has changed. It is sent by their fileIds: by its addresses the CMS would import them anew.
-- same_file of a field: 1
--! uses step file_types references

local same_files = {}
local MOST = 102400  -- bytes of a value, as of before_values.lua

-- The address of one file; nil: it has none, or is named by its fileId.
local function address_of(entry, bare)
  if type(entry) ~= 'table' or type(entry.url) ~= 'string' or step.given(entry.fileId) then return nil end
  return bare and string.match(entry.url, '^[^?]*') or entry.url
end

local function may_keep_files(one, other, bare)
  local files, others = cjson.decode(one), cjson.decode(other)
  if type(files) ~= 'table' or type(others) ~= 'table' then return false end
  if files.url or others.url then files, others = {files}, {others} end
  if #files == 0 or #files ~= #others then return false end
  for i = 1, #files do
    local address = address_of(files[i], bare)
    if not address or address ~= address_of(others[i], bare) then return false end
    -- No page says that a text goes where none is sent with a fileId; a new file has none.
    if step.given(others[i].alt) and not step.given(files[i].alt) then return false end
  end
  return true
end

-- *field* takes the place of *held*, whose files are known.
function same_files.note(field, held)
  if not (file_types.IMPORTED[field.type] and file_types.IMPORTED[held.type] and held.file) then return end
  if #field.value > MOST or #held.value > MOST then return end
  -- What waits goes by fileId, too, if what it took the place of did.
  local is_there = held.same_file or references.is_confirmed(held, held.type, held.value)
  if is_there and may_keep_files(field.value, held.value, file_types.NO_QUERY[field.type]) then field.same_file = 1 end
end

return same_files

#!lua
-- keep_forms: the forms in which the CMS keeps what was sent, as a listing shows them. P4 counts
-- none of it anew: a value that is normalised is a written one.
-- ARGV[2]: {token, collection, forms: [[record, slug, arrival, at, mark, schema]]}
--   at: lastUpdated of the item, as a version; schema: mark of its field
--! uses state forms

local earlier = earlier_answer()
if earlier then return earlier end
local items = {}
for _, form in ipairs(request.forms) do
  local record, slug, arrival, at, mark, schema = unpack(form)
  items[record] = items[record] or load_item(request.collection, record)
  note_form(items[record], slug, arrival, at, mark, schema)
end
for _, item in pairs(items) do
  if is_altered(item) then save(item) end
end
return answer({})

#!lua
-- keep_forms: the forms in which the CMS keeps what was sent, as a listing shows them. P4 counts
-- none of it anew: a value that is normalised is a written one.
-- ARGV[2]: {token, collection, forms: [[record, slug, arrival, at, mark, schema]]}
--   at: lastUpdated of the item, as a version; schema: mark of its field
--! uses step items cms_forms

local request = step.request

local earlier = step.earlier_answer()
if earlier then return earlier end
local loaded = {}
for _, form in ipairs(request.forms) do
  local record, slug, arrival, at, mark, schema = unpack(form)
  loaded[record] = loaded[record] or items.load(request.collection, record)
  cms_forms.learn(loaded[record], slug, arrival, at, mark, schema)
end
for _, item in pairs(loaded) do
  if items.is_altered(item) then items.save(item) end
end
return step.answer({})

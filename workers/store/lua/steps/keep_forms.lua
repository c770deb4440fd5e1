-- keep_forms: the forms in which the CMS keeps what was sent, as a listing shows them. P4 counts
-- none of it anew: a value that is normalised is a written one.
-- ARGV[2]: {token, collection, forms: [[record, slug, arrival, at, mark, schema]]}
--   at: lastUpdated of the item, as a version; schema: mark of its field
-- Returns {}.
-- Errors: OOM: the store is full, and nothing was done.
--! uses step items cms_forms

local request = step.request

local earlier = step.earlier_answer()
if earlier then return earlier end
for _, form in ipairs(request.forms) do
  local record, slug, arrival, at, mark, schema = unpack(form)
  cms_forms.learn(items.of({collection = request.collection, record = record}), slug, arrival, at, mark, schema)
end
items.save_loaded()
return step.answer({})

-- Shared by the steps: the forms in which the CMS keeps values (workers/fields/cms_forms.py).
--   E of a field: mark of what is akin to its value, where that is not the mark of the value itself
--   F: "<mark> <mark of the schema>" of the form that a listing showed at the time of the answer to
--      it: whatever it shows later is an edit; marks are those of write_history.lua
--   S: the arrival number under which its value was sent, where the same value has come since
--   z: it is counted as normalised
-- normalised of a collection: written values that the CMS keeps in a form of its own
--! uses items

local function count_normalised(item, field)
  if field.z then return end
  field.z = 1
  redis.call('HINCRBY', 'instep:collection:' .. item.collection, 'normalised', 1)
end

-- The same value has come again, and the CMS holds it already.
local function keep(field, held)
  field.F, field.S, field.z = held.F, held.S or held.a, held.z
end

-- When the CMS answered to the value of *field*, and the mark of what it showed then.
local function answer_of(field)
  local at, shown
  for arrival, mark, when in string.gmatch(field.k or '', '(%d+),(%x*),(%w+)') do
    arrival = tonumber(arrival)
    if arrival == field.a or arrival == field.S then at, shown = when, mark end
  end
  return at, shown
end

-- Of what is not sent: the marks that its field may show, where a listing has told the form.
local function of_fields(item, send)
  local sent, forms = {}, {}
  for _, entry in ipairs(send) do sent[entry.slug] = true end
  for slug, field in pairs(item.fields) do
    if field.F and field.c and not sent[slug] then
      local _, shown = answer_of(field)
      forms[#forms + 1] = {slug, string.match(field.F, '^%x+'), shown or ''}
    end
  end
  return #forms > 0 and forms or nil
end

-- The answer to another write shows what somebody has made of these.
local function note_edits(item, slugs)
  for _, slug in ipairs(slugs) do
    local field = item.fields[slug]
    if field and field.c then
      field.c = nil
      items.touch(item, slug)
    end
  end
end

-- What a listing shows of a value whose item nobody has touched since the answer of *at*.
local function learn(item, slug, arrival, at, mark, schema)
  local field = item.fields[slug]
  if not field or field.a ~= arrival or field.m then return end
  if field.s ~= 'written' and field.s ~= 'unchanged' then return end
  local answered, shown = answer_of(field)
  if answered ~= at then return end
  field.F = mark .. ' ' .. schema
  if shown ~= mark and field.s == 'written' then count_normalised(item, field) end
  items.touch(item, slug)
end

return {
  count_normalised = count_normalised, keep = keep, of_fields = of_fields, note_edits = note_edits,
  learn = learn,
}

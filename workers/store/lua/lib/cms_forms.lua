-- Shared by the steps: the forms in which the CMS keeps values (workers/fields/cms_forms.py).
-- cms_form is the form that a listing showed at the time of the answer to it: whatever it shows later
-- is an edit. Marks are those of write_history.lua.
-- normalised of a collection: written values that the CMS keeps in a form of its own
--! uses items life_entries

local cms_forms = {}

function cms_forms.count_normalised(item, field)
  if field.normalised then return end
  field.normalised = 1
  redis.call('HINCRBY', 'instep:collection:' .. item.collection, 'normalised', 1)
end

-- The same value has come again, and the CMS holds it already.
function cms_forms.keep(field, held)
  field.cms_form, field.sent_arrival, field.normalised = held.cms_form, held.sent_arrival or held.arrival, held.normalised
end

-- When the CMS answered to the value of *field*, and the mark of what it showed then.
local function answer_of(field)
  local at, shown
  for arrival, mark, when in string.gmatch(field.history or '', '(%d+),(%x*),(%w+)') do
    arrival = tonumber(arrival)
    if arrival == field.arrival or arrival == field.sent_arrival then at, shown = when, mark end
  end
  return at, shown
end

-- Of what is not sent: the marks that its field may show, where a listing has shown the form.
function cms_forms.of_fields(item, send)
  local sent, forms = {}, {}
  for _, entry in ipairs(send) do sent[entry.slug] = true end
  for slug, field in pairs(item.fields) do
    if field.cms_form and field.confirmed and not sent[slug] then
      local _, shown = answer_of(field)
      forms[#forms + 1] = {slug, string.match(field.cms_form, '^%x+'), shown or ''}
    end
  end
  return #forms > 0 and forms or nil
end

-- The answer to another write shows that these were edited.
function cms_forms.note_edits(item, slugs)
  life_entries.note_edited(item, 'edited', item.meta.answered, slugs)
  for _, slug in ipairs(slugs) do
    local field = item.fields[slug]
    if field and field.confirmed then
      field.confirmed = nil
      items.touch(item, slug)
    end
  end
end

-- What a listing shows of a value whose item was not edited since the answer of *at*.
function cms_forms.learn(item, slug, arrival, at, mark, schema)
  local field = item.fields[slug]
  if not field or field.arrival ~= arrival or field.repair_at then return end
  if field.state ~= 'written' and field.state ~= 'unchanged' then return end
  local answered, shown = answer_of(field)
  if answered ~= at then return end
  field.cms_form = mark .. ' ' .. schema
  if shown ~= mark and field.state == 'written' then cms_forms.count_normalised(item, field) end
  items.touch(item, slug)
end

return cms_forms

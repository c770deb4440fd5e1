-- Values that something newer has overtaken.
--! uses step items dead_letters

-- A value that waits, or lies in a letter, has been overtaken.
local function supersede(item, slug)
  local field = item.fields[slug]
  if field.state ~= 'pending' and field.state ~= 'dead' then return end
  step.count(field.state, -1)
  step.count('superseded', 1)
  if field.state == 'dead' then dead_letters.remove_value(field, slug, 'superseded') end
  field.state = 'superseded'
  items.touch(item, slug)
end

return {supersede = supersede}

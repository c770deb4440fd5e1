-- Writes packs (field_pack.lua), for pack.lua: the fields of an item at rest.
--! uses field_codes field_pack

local field_packer = {}
local CODES = field_codes.CODES
local MOST = 200  -- bytes of a value: a longer one would be written anew with each change of another

-- {pattern, byte} of each word, the longest first.
local PATTERNS = {}
for byte, word in pairs(field_pack.WORDS) do
  PATTERNS[#PATTERNS + 1] = {string.gsub(word, '%p', '%%%0'), string.char(byte)}
end
table.sort(PATTERNS, function(one, other)
  if #one[1] ~= #other[1] then return #one[1] > #other[1] end
  return one[2] < other[2]
end)

function field_packer.is_short(field, slug)
  return slug ~= field_codes.GONE and type(field.value) == 'string' and #field.value <= MOST
    and #(field.before or '') <= MOST and not (field.told or field.in_flight or field.file)
end

-- A field with what follows from its value: a: its arrival number; C and H as above; k: the rest of its history.
local function row_of(slug, field)
  local sum, a, k, H = redis.sha1hex(field.value), field.arrival, field.history, nil
  local is_own = field.confirmed == sum
  if k and type(a) == 'number' then
    local rest, last = nil, k
    if string.find(k, ' ', 1, true) then rest, last = string.match(k, '^(.*) (%S+)$') end
    local entry = string.format('%.0f,%s,', a, string.sub(sum, 1, 12))
    if string.sub(last, 1, #entry) == entry then k, H = rest, string.sub(last, #entry + 1) end
  end
  return {slug = slug, field = field, a = a, k = k, H = H, C = is_own and 1 or nil, c = not is_own and field.confirmed or nil}
end

local function is_of_event(one, other)
  local field, held = one.field, other.field
  return field.version == held.version and field.event == held.event and field.since == held.since
end

-- The rows of the short ones of *fields* that have changed, by arrival.
local function rows_of(fields, changed)
  local arrivals, rows, found = {}, {}, {}
  for slug in pairs(changed) do
    local field = fields[slug]
    if field_packer.is_short(field, slug) then
      local row, a = row_of(slug, field), tonumber(field.arrival) or 0
      if not rows[a] then arrivals[#arrivals + 1] = a end
      row.next, rows[a] = rows[a], row
    end
  end
  table.sort(arrivals)
  for _, a in ipairs(arrivals) do
    local row = rows[a]
    while row do
      found[#found + 1] = row
      row = row.next
    end
  end
  return found
end

-- *rows* by their events.
local function by_event(rows)
  local groups = {}
  for _, row in ipairs(rows) do
    local group
    for _, each in ipairs(groups) do
      if is_of_event(each[1], row) then group = each end
    end
    if not group then
      group = {}
      groups[#groups + 1] = group
    end
    group[#group + 1] = row
  end
  return groups
end

local BY_ROW = {value = true, arrival = true, confirmed = true, history = true}  -- names; row_of has them
local OF_ROW = {'a', 'c', 'k', 'C', 'H'}

local function have_all(rows, name)
  for i = 2, #rows do
    if rows[i].field[name] == nil then return false end
  end
  return true
end

-- What all rows have, as the first has it: by names, and by codes.
local function shared_by(rows)
  local named, shared, first = {}, {}, rows[1]
  if not rows[2] then return named, shared end
  for name, value in pairs(first.field) do
    if not BY_ROW[name] and type(value) ~= 'table' and have_all(rows, name) then
      named[name], shared[CODES[name] or name] = value, value
    end
  end
  for _, code in ipairs(OF_ROW) do shared[code] = first[code] end
  for i = 2, #rows do
    local row = rows[i]
    for _, code in ipairs(OF_ROW) do
      if shared[code] ~= nil and row[code] == nil then shared[code] = nil end
    end
  end
  return named, shared
end

-- What is stored of a row: what is not shared, or its value alone.
local function own_of(row, place, named, shared)
  local own
  for name, value in pairs(row.field) do
    if named[name] ~= value and not BY_ROW[name] then
      own = own or {}
      own[CODES[name] or name] = value
    end
  end
  for _, code in ipairs(OF_ROW) do
    local same = shared[code]
    if code == 'a' and same then same = same + place end
    if row[code] ~= same then
      own = own or {}
      own[code] = row[code]
    end
  end
  if own then own.v = row.field.value end
  return own or row.field.value
end

local function text_of(rows)
  local named, shared = shared_by(rows)
  local list = {shared}
  for i, row in ipairs(rows) do
    list[2 * i], list[2 * i + 1] = row.slug, own_of(row, i - 1, named, shared)
  end
  return cjson.encode(list)
end

-- The texts of those of *parts* that stay. Of one of which less than half counts, the rest moves: it is added to
-- *changed*.
local function kept_of(parts, changed)
  local kept = {}
  for _, part in ipairs(parts) do
    local number = 0
    for _, slug in ipairs(part.live) do
      if not changed[slug] then number = number + 1 end
    end
    if number > 0 and 2 * number >= part.rows then
      kept[#kept + 1] = part.text
    else
      for _, slug in ipairs(part.live) do changed[slug] = true end
    end
  end
  return kept
end

-- Returns the text; nil: there is nothing in it.
-- *parts*: what stood there before of *fields*, of which *changed*, slug → true, have no place there any more
function field_packer.encode(fields, parts, changed)
  local texts = kept_of(parts, changed)
  for _, rows in ipairs(by_event(rows_of(fields, changed))) do texts[#texts + 1] = text_of(rows) end
  local text = table.concat(texts, '\n')
  for _, each in ipairs(PATTERNS) do text = string.gsub(text, each[1], each[2]) end
  return texts[1] and field_pack.VERSION .. text
end

return field_packer

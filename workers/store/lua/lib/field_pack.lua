-- The short fields of an item in one text, "f:" of its hash: what the values of one event share stands in it
-- once.
--   3, and the parts, apart by line feeds. The 3 makes it no JSON: a release that does not know the form fails,
--   and takes no record for one without fields. A field is as the last part has it that has a row of it.
--   What WORDS has stands there as one byte, which JSON never has in itself; not behind a 2, of a release before.
--   part: JSON, [shared, slug, own, slug, own…], the fields of one event
--   shared: code → what all of them have, and those that have no other in their row
--   own: the value alone, or code → what is not shared
-- What follows from the value is left out:
--   C: 1: it is confirmed by its own sha1, without a link
--   H: the time of the last entry of its history, "<arrival>,<first 12 of that sha1>,<time>"; k has the others
--   a of a row: that of shared, and one more for each row before it
--! uses field_codes

local VERSION = '3'
-- By their bytes, for ever; of field_pack.py as well. No line feed is among these.
local WORDS = {
  [1] = ',"s":"written"', [2] = ',"t":"text"', [3] = ',"q":1', [4] = ',"C":1', [5] = ',"e":"', [6] = ',"r":"',
  [7] = ',"n":"', [8] = ',"a":', [9] = ',"o":"', [11] = ',"f":', [12] = ',"w":17', [13] = ',"H":"', [14] = '","\\"',
  [15] = '\\"","', [16] = '","', [17] = '"t01', [18] = '00000000', [19] = '"h":0', [20] = ',{"v":"', [21] = '","t":"',
  [22] = '"number"', [23] = '","true"', [24] = '","false"', [25] = '{\\"key\\":\\"', [26] = '\\",\\"to\\":\\"',
  [27] = '000', [28] = ',{"t":', [29] = ',"v":"', [30] = '"},"', [31] = '"flag"',
}
local WORD_OF = {}
for byte, word in pairs(WORDS) do WORD_OF[string.char(byte)] = word end

-- Names of what has a place in the table below.
local PLACED = {value = true, type = true, version = true, arrival = true, events = true, event = true,
  source = true, state = true, since = true, lane = true, delivery = true, place = true, confirmed = true,
  history = true, C = true, H = true}
local DERIVED = {arrival = true, confirmed = true, history = true, C = true, H = true}

local function has_others(held)
  for name in pairs(held) do
    if not PLACED[name] then return true end
  end
  return false
end

-- A row as a field. *named*: what its event shares, by names; *place*: 0, 1, 2… in that. A table that is
-- made with its names at once takes a third of the time.
local function field_of(own, named, place)
  local mine = type(own) == 'table' and field_codes.named(own) or {value = own}
  local arrival = mine.arrival or named.arrival and named.arrival + place
  local confirmed, history = mine.confirmed or named.confirmed, mine.history or named.history
  local answered, is_own = mine.H or named.H, mine.C or named.C
  local sum = (answered or is_own) and redis.sha1hex(mine.value)
  if answered then
    local entry = string.format('%.0f,%s,%s', arrival, string.sub(sum, 1, 12), answered)
    history = history and history .. ' ' .. entry or entry
  end
  local field = {value = mine.value, arrival = arrival, type = named.type, version = named.version,
    events = named.events, event = named.event, source = named.source, state = named.state, since = named.since,
    lane = named.lane, delivery = named.delivery, place = named.place, history = history,
    confirmed = is_own and sum or confirmed}
  if type(own) == 'table' then
    for name, value in pairs(mine) do
      if not DERIVED[name] then field[name] = value end
    end
  end
  return field
end

local function add_others(field, named)
  for name, value in pairs(named) do
    if not PLACED[name] and field[name] == nil then field[name] = value end
  end
end

-- Adds to *fields* those of the part that it lacks.
local function read_part(text, fields)
  local list = cjson.decode(text)
  local named, live = field_codes.named(list[1]), {}
  local others = has_others(named)
  for i = 2, #list, 2 do
    local slug = list[i]
    if not fields[slug] then
      fields[slug] = field_of(list[i + 1], named, i / 2 - 1)
      if others then add_others(fields[slug], named) end
      live[#live + 1] = slug
    end
  end
  return {text = text, rows = (#list - 1) / 2, live = live}
end

-- Whether *text* has the form of this release.
local function is_current(text) return string.sub(text, 1, #VERSION) == VERSION end

-- Adds to *fields* those of *text* that it lacks; returns its parts: {text, rows: how many, live: slugs that count}, and is_current.
local function decode(text, fields)
  local parts = {is_current = is_current(text)}
  local plain = parts.is_current and string.gsub(text, '%c', WORD_OF) or text
  for part in string.gmatch(string.sub(plain, #VERSION + 1), '[^\n]+') do parts[#parts + 1] = part end
  for i = #parts, 1, -1 do parts[i] = read_part(parts[i], fields) end
  return parts
end

return {VERSION = VERSION, WORDS = WORDS, is_current = is_current, decode = decode}

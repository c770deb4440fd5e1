-- Shared, of accept: what an event did to a record, as its life tells it (life_entries.lua).
--! uses calls step lives

local given, encode = step.given, cjson.encode
local request
local life_events = {}
local VALUE = 100     -- bytes of a value
local VALUES = 1500   -- of all values of an entry
local AGAINST = 2000  -- of what values were held against
local FIELDS = 200    -- in one entry
local PROBLEMS = 5    -- of what was left out
local TEXT = 200      -- of a name
local FATES = {accepted = 'p', unchanged = 'u', stale = 's', same = 's', held = 'h', discarded = 'd'}

local heads  -- how each event came about, and what proved it: the same for all that it changes
local source, secret
local texts  -- slugs and mappings → as JSON: the events of a delivery mostly have the same ones
calls.on_begin(function()
  request = step.request
  heads, texts = {}, {}
  source, secret = encode(request.source), lives.text_of(request.secret)
end)

local function known_text(name)
  local text = texts[name]
  if not text then
    text = encode(lives.cut(name, TEXT))
    texts[name] = text
  end
  return text
end

local function by_of(event, change)
  if change and change.echo then return 'e' end
  if request.mode == 'reconcile' then return 'c' end
  if request.mode == 'undo' then return 'u' end
  if request.mode ~= 'remap' and not event.again then return '' end
  return given(request.closes) and 'y' or 'm'
end

local function head_of(event, change, number)
  local mapping, by = change and change.mapping, by_of(event, change)
  local of_event = heads[event] or {}
  heads[event] = of_event
  local key = by .. (given(mapping) or '')
  if not of_event[key] then
    local again = event.again
    of_event[key] = '"' .. by .. '",' .. source .. ','
      .. string.format('%d', again and again.number or number or 0) .. ',' .. lives.text_of(event.name) .. ','
      .. lives.text_of(event.topic) .. ',' .. (given(mapping) and known_text(mapping) or 'null') .. ',' .. secret
  end
  return of_event[key]
end

-- What a value was held against, *held*: why, and the version of the value itself.
local function against_text(against)
  local held = against[1] or {}
  return '[' .. lives.text_of(held.source) .. ',' .. lives.text_of(held.event) .. ',' .. lives.text_of(held.version) .. ',"'
    .. against[2] .. '",' .. lives.text_of(against[3]) .. ']'
end

-- Returns what writes *against* of one value of an entry after the other: 1: as of the value before.
local function against_in_turn()
  local last, room = nil, AGAINST
  return function(against)
    local text = against_text(against)
    if text == last then return '1' end
    room = room - #text
    if room < 0 then return '0' end
    last = text
    return text
  end
end

-- *fates*: {slug, arrival number, fate, value, {field that it was held against, why, own version} or nil}.
function life_events.note_accepted(event, change, fates, number)
  local fields, room, told = {}, VALUES, nil
  for n = 1, math.min(#fates, FIELDS) do
    local fate = fates[n]
    local value, against = fate[4], fate[5]
    if against then
      told = told or against_in_turn()
      against = told(against)
    end
    local most = math.min(VALUE, room)
    local text = '[' .. known_text(fate[1]) .. ',"' .. (FATES[fate[3]] or 'p') .. '",'
    if fate[3] == 'unchanged' and change.echo then
      text = string.sub(text, 1, -2)  -- it came from here
    elseif #value <= most then
      text = text .. value .. (against and ',' .. against or '')
      room = room - #value
    else
      text = text .. encode(lives.cut(value, most)) .. ',' .. (against or '0') .. ',' .. #value
      room = room - most
    end
    fields[n] = text .. ']'
  end
  lives.note(change.collection, change.record,
    '"a",' .. head_of(event, change, number) .. ',[' .. table.concat(fields, ',') .. ']' .. lives.run_text())
end

-- What an event left out, of each record.
function life_events.note_left_out(event, letter, number)
  local records, problems = {}, {}
  for _, left in ipairs(event.left) do
    local own = records[left.collection .. ':' .. left.record]
    if not own then
      own = {place = left, slugs = {}}
      records[left.collection .. ':' .. left.record] = own
    end
    own.slugs[#own.slugs + 1] = left.slug
  end
  if not next(records) then return end
  for n = 1, math.min(#event.problems, PROBLEMS) do
    problems[n] = '[' .. lives.text_of(event.problems[n].path) .. ',' .. lives.text_of(event.problems[n].message) .. ']'
  end
  for _, own in pairs(records) do
    lives.note(own.place.collection, own.place.record, '"l",' .. head_of(event, nil, number) .. ',' .. lives.text_of(letter)
      .. ',' .. lives.list_of(own.slugs) .. ',[' .. table.concat(problems, ',') .. ']')
  end
end

return life_events

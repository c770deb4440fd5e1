-- Shared by the steps: the life of each record: what happened to it, the newest last. life_entries.lua
-- says what an entry tells, life_bounds.lua how much is kept. Owns
--   instep:life:<collection>:<record>  list: entries, JSON lists; before them, where older ones were
--     dropped, how many
--   instep:lives        sorted set: <collection>:<record> by the ms of the oldest entry, or before that
--   instep:lives:state  hash: bytes, of all lives, about; dropped: entries; till: ms of the newest of those
-- life_dropped of an item: how many entries its life lost as it went whole
--! uses calls step life_bounds gathered

local given = step.given
-- As life_bounds.lua has them.
local MOST, SLACK, ENTRY, RECORD = 100, 20, 6, 250
local TEXT = 200    -- bytes of a text
local LIST = 200    -- names in an entry

local at_text, bytes, begun
local unwritten = {}  -- ms and names
calls.on_group(function()
  if unwritten[1] then unwritten = {} end
end)
calls.on_begin(function() at_text, bytes, begun = string.format('[%d,', step.now), nil, {} end)

local function write_begun()
  step.call_in_parts('ZADD', 'instep:lives', unwritten)
  unwritten = {}
end

-- What all that a step has noted comes to, as it answers.
local function save()
  for n = 1, #begun do unwritten[#unwritten + 1] = begun[n] end
  if begun[1] then gathered.later(write_begun) end
  gathered.add('instep:lives:state', 'bytes', bytes)
  bytes, begun = nil, {}
end

-- *entry*: as JSON, without its time and the brackets.
local function note(collection, record, entry)
  local name = collection .. ':' .. record
  -- A dry run gets 0.
  local length = redis.call('RPUSH', 'instep:life:' .. name, at_text .. entry .. ']')
  if not bytes then
    step.before_answer(save)
    bytes = 0
  end
  bytes = bytes + #entry + #at_text + 1 + ENTRY
  if length == 1 then
    begun[#begun + 1] = step.now
    begun[#begun + 1] = name
    bytes = bytes + RECORD + 2 * #name
  elseif length > MOST + SLACK then
    bytes = bytes - life_bounds.drop(name, length - MOST)
  end
end

-- The first *most* bytes of *text*, but for a part of a character.
local function cut(text, most)
  if #text <= most then return text end
  local last = most
  while last > 0 and string.byte(text, last + 1) >= 128 and string.byte(text, last + 1) < 192 do last = last - 1 end
  return string.sub(text, 1, last)
end

-- *value* as JSON: a text, cut, or null.
local function text_of(value, most)
  value = given(value)
  return value and cjson.encode(cut(tostring(value), most or TEXT)) or 'null'
end

local function list_of(names)
  if #names > LIST then names = {unpack(names, 1, LIST)} end
  return step.list_text(names)
end

-- The run that does this, as the end of an entry.
local function run_text()
  local run = given(step.request.run)
  return run and ',' .. text_of(run) or ''
end

return {note = note, cut = cut, text_of = text_of, list_of = list_of, run_text = run_text}

-- Shared by the steps: what the CMS held of a field before the value of the field was written.
-- of a field that was never written:
--   before: what the CMS held, JSON text; none: unknown   before_type: of that, where it is another one
--   in_flight: {a: arrival number, v: value}: of the value that it has overtaken while that was sent
-- of one that was written, and is not confirmed any more:
--   told: what the CMS shows since then; none: unknown
--     {a: lastUpdated of the item's answer; o = 1: the value itself; v, t: JSON text and type; r: run}
--     Where the item was answered since, by an older release, it holds no longer.
--! uses calls step items

local given = step.given
local request
calls.on_begin(function() request = step.request end)
local before_values = {}
local MOST = 102400  -- bytes of a value that is held beside another, as of undo_log.lua

calls.on_begin(function() before_values.kept = given(request.undo) ~= nil end)

local function answered(item) return item.meta.answered or '' end

local function is_written(field) return field.state == 'written' or field.state == 'unchanged' end

-- What a listing has shown since it was written: {a, v, t, r}; nil: nothing that is known.
function before_values.told(item, field)
  local told = field.told
  if not told or field.confirmed or told.a ~= answered(item) then return nil end
  return told
end

-- What the CMS holds of *field*, and the type of that; nil: unknown.
function before_values.shown(item, field)
  if not is_written(field) then return field.before, field.before_type or field.type end
  if field.confirmed then return field.value, field.type end
  local told = before_values.told(item, field)
  if not told then return nil end
  if told.o then return field.value, field.type end
  return told.v, told.t
end

-- The value of *held*, which *field* takes the place of, may be in a request that is under way.
local function note_in_flight(item, slug, field, held)
  local claim = items.live_claim(item)
  local sent = claim and claim.fields[slug]
  if not sent then return end
  if sent == held.arrival and #held.value <= MOST then
    field.in_flight = {a = sent, v = held.value, t = held.type}
  elseif held.in_flight and held.in_flight.a == sent then
    field.in_flight = held.in_flight
  end
end

local function put(field, text, kind)
  if not text or #text > MOST then text, kind = nil, nil end
  if text or field.before then field.before = text end
  if kind == field.type then kind = nil end
  if kind or field.before_type then field.before_type = kind end
end

-- *field* takes the place of *held*, or is the first.
-- *listed*: what a listing showed, {text, type}; an answer since counts more.
function before_values.carry(item, slug, field, held, listed)
  if not before_values.kept then return end
  if held then note_in_flight(item, slug, field, held) end
  if listed and not (held and held.confirmed) then
    put(field, listed[1], listed[2])
  elseif held then
    put(field, before_values.shown(item, held))
  end
end

-- A listing shows *values* of the item, slug → {text, type}: of what waits, and of what was edited.
function before_values.note_shown(item, values)
  if not before_values.kept then return end
  local claim = items.live_claim(item)
  for slug, shown in pairs(values) do
    local field = item.fields[slug]
    if field and not (claim and claim.fields[slug]) then
      if not is_written(field) then
        if not field.repair_at then put(field, shown[1], shown[2]) end
      elseif not field.confirmed then
        field.told = {a = answered(item), v = shown[1], t = shown[2]}
      end
      items.touch(item, slug)
    end
  end
end

-- *run* puts right what its listing showed, *shown*: {text, type} or nil.
function before_values.note_repaired(item, field, shown, run)
  if not before_values.kept then return end
  field.told = shown and #shown[1] <= MOST and {a = answered(item), v = shown[1], t = shown[2], r = given(run)} or nil
end

-- The item was answered, at *at*: what was told of what was not sent stays.
function before_values.keep_told(item, at)
  local earlier = answered(item)
  for slug, field in pairs(item.fields) do
    if field.told and field.told.a == earlier then
      field.told.a = at
      items.touch(item, slug)
    end
  end
end

-- The value is written: what follows is its own. To put nil where nothing is makes the table grow.
function before_values.clear(field)
  if field.before then field.before = nil end
  if field.before_type then field.before_type = nil end
  if field.told then field.told = nil end
  if field.in_flight then field.in_flight = nil end
  if field.unsure then field.unsure = nil end
end

return before_values

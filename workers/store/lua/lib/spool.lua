-- Shared, of accept: deliveries that a web process kept in its spool while the store was away. Owns
--   instep:spool:<file>  hash: "last:<source>" → number of the last delivery that was drained of it;
--     "call:<slot>" → token of the last delivery that a thread of a process had accepted; gone once
--     that was drained
-- request.spooled: {file, number, after, came_us}: where it stands in its spool (version_order.lua), and
-- the number that was drained before it; request.slot: {file, name}
-- What was drained is noted in the very step that accepts it: a drain that is repeated after a crash,
-- by whomever, finds it done.
--! uses calls step gathered

local given = step.given
local request
local spool_place, call_slot
local slots = {}  -- by key, that are not written yet: names and tokens
calls.on_group(function()
  if next(slots) then slots = {} end
end)
calls.on_begin(function()
  request = step.request
  spool_place, call_slot = given(request.spooled), given(request.slot)
end)
local SPOOL_MS = 14 * 24 * 3600000  -- a file that lies for longer tells by itself what was drained

local function spool_key(file) return 'instep:spool:' .. file end

local function write_slots()
  for key, put in pairs(slots) do
    -- Who has made the hash has given it its time, too.
    if redis.call('HSET', key, unpack(put)) > 0 then redis.call('PEXPIRE', key, SPOOL_MS, 'NX') end
  end
  slots = {}
end

local function note_drained()
  if given(request.sliced) then return end
  if spool_place then
    redis.call('HSET', spool_key(spool_place.file), 'last:' .. request.source, spool_place.number)
    redis.call('PEXPIRE', spool_key(spool_place.file), SPOOL_MS)
    -- From now on its number tells. Of a store that is slow for days there would be very many.
    if call_slot then redis.call('HDEL', spool_key(call_slot.file), 'call:' .. call_slot.name) end
  elseif call_slot then
    local key, name = spool_key(call_slot.file), 'call:' .. call_slot.name
    local put = slots[key] or {}
    slots[key] = put
    put[#put + 1], put[#put + 2] = name, request.token
    gathered.later(write_slots)
  end
end

-- The call that had no answer, for whose sake it was spooled, was accepted.
local function was_accepted()
  if step.earlier_answer() then return true end
  return call_slot ~= nil and redis.call('HGET', spool_key(call_slot.file), 'call:' .. call_slot.name) == request.token
end

-- The answer to a spooled delivery that is not to be accepted now; nil: it is.
local function drained()
  -- What is accepted in slices was noted with the first of them.
  if not spool_place or given(request.sliced) then return nil end
  write_slots()
  local last = tonumber(redis.call('HGET', spool_key(spool_place.file), 'last:' .. request.source) or 0)
  if spool_place.number > last and last ~= spool_place.after then
    return cjson.encode({outcome = 'behind', last = last})
  end
  if spool_place.number > last and not was_accepted() then return nil end
  if spool_place.number > last then note_drained() end
  return cjson.encode({outcome = 'drained', last = math.max(last, spool_place.number)})
end

return {note_drained = note_drained, drained = drained}

-- Shared, of claim: what would hold the store for too long is claimed by several steps, of one token
-- and for one request. The first takes all that a request takes; the next ones join what else goes
-- with it. Each of them leaves what it has claimed as any claim leaves it.
-- Before there is anything to be sent, a step that has done enough is followed by another one: a
-- look-up waits until so many items were looked at that it serves them all.
-- request.looked: {items, till}: at how many items the steps before have looked; till: file_imports.lua
-- request.joins: {collection, lane, how, room, filled, taken, till, looked, own, passed, filler_passed}: as the step before answered it
--   taken, till: of files to import; passed, filler_passed: what is not looked at again (batch.lua)
--   own: items of the due set so far
--! uses calls step lanes batch

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local joined_claims = {}
local GATHER_MS = 500  -- within which the next step comes; else it never will
joined_claims.GATHERED_MS = 50 -- after which most have come

-- From which due set another claim still takes its batch: two claims that share what is due there
-- would be two requests.
function joined_claims.gathered_set()
  local key, token, till = string.match(batch.dest.gathers or '', '^(.*) (%S+) (%d+)$')
  if key and token ~= request.token and (step.sane(till, GATHER_MS) or 0) > now then return key end
end

function joined_claims.note_gathering(dest_key, key, others)
  if others then
    local till = string.format('%.0f', now + GATHER_MS)
    redis.call('HSET', dest_key, 'gathers', table.concat({key, request.token, till}, ' '))
  elseif string.find(batch.dest.gathers or '', request.token, 1, true) then
    redis.call('HDEL', dest_key, 'gathers')
  end
end

function joined_claims.look_again()
  return step.answer({step = 'look', looked = {items = batch.looked, till = batch.turn.till}}, step.CLAIM_MS)
end

function joined_claims.join_nothing(more, joins)
  return step.answer({step = 'batch', items = {}, more = more or false, joins = joins}, step.CLAIM_MS)
end

-- Items of the due set in the whole batch, of which *own* are of this step.
function joined_claims.own_of(own) return own + (given(request.joins) and request.joins.own or 0) end

-- The joins of the next step, where there is one: the batch has room, and the time was short. What was claimed
-- has left what is due.
function joined_claims.next_join(set_of, own)
  if (own == 0 and batch.looked >= batch.LOOKS) or batch.is_whole() or batch.filled >= batch.room or not batch.has_done_enough() then return nil end
  return {collection = set_of.collection.name, lane = set_of.lane, how = batch.how, room = batch.room,
    filled = batch.filled, taken = batch.turn.taken, till = batch.turn.till, looked = batch.looked, own = joined_claims.own_of(own),
    passed = set_of.passed - own, filler_passed = set_of.filler_passed - (#batch.picked - own)}
end

function joined_claims.join(joins, hand_out, dest_key)
  local collection
  for _, one in ipairs(batch.open) do
    if one.name == joins.collection and not one.shut then collection = one end
  end
  if not collection or not redis.call('ZSCORE', batch.flight, request.token) then return joined_claims.join_nothing(true) end
  batch.how, batch.room, batch.filled, batch.turn.taken, batch.looked = joins.how, joins.room, joins.filled, joins.taken, joins.looked
  if batch.turn.taken > 0 then batch.turn.free = true end  -- the one that imports is this one
  local key = 'instep:due:' .. collection.name .. ':' .. joins.lane
  local set_of = {lane = joins.lane, collection = collection, key = key, due = redis.call('ZCOUNT', key, '-inf', now),
    passed = joins.passed, filler_passed = joins.filler_passed}
  batch.claim_items(set_of)
  local own = #batch.picked
  batch.fill_up(set_of)
  if #batch.picked == 0 then
    local others = joined_claims.next_join(set_of, own)
    joined_claims.note_gathering(dest_key, key, others)
    return joined_claims.join_nothing(set_of.due > 0 or lanes.first_due('live', batch.open) == now, others)
  end
  return hand_out(set_of, own)
end

return joined_claims

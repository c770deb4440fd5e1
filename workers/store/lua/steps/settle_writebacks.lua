--! flags allow-oom
-- settle_writebacks: what became of the records that a claim of a write-back holds.
-- ARGV[2]: {token, name, claim, mark, collection, attempts, rest_ms, rest_asked, pause, lives,
--   outcomes: [{record, outcome, sent, wait_ms, status, code, message}]}
--   outcome: told; failed: an attempt; dead: no attempt helps; away: the target is at fault, unless others
--   were told since it failed at this record before; unsent
--   sent: something of it may have reached the target: else it says nothing of the record
--   attempts: before it is a dead letter   rest_ms: that the target rests where it is at fault
--   rest_asked: it has asked for that   pause: why it is asked nothing any more
-- Returns {told, letters, lost}
-- Errors: none: a full store does this as well.
--! uses step writebacks lives letter_groups

local request, now, given = step.request, step.now, step.given

local BEHIND_MS = 1000

local earlier = step.earlier_answer()
if earlier then return earlier end

local name, collection = request.name, request.collection
local target = writebacks.target(name)
local held = step.hash(target) or {}
local told, letters, lost, is_away = 0, 0, 0, nil

local function text_of(value) return given(value) and tostring(value) or '' end

local function note_life(record, entry, outcome, letter)
  lives.note(collection, record, '"v",' .. lives.text_of(name) .. ',' .. lives.text_of(entry.event) .. ','
    .. lives.text_of(outcome.status) .. ',' .. lives.text_of(letter and outcome.message or nil) .. ',' .. lives.text_of(letter))
end

local function add_letter(record, entry, outcome)
  local id = 'w' .. redis.call('INCR', 'instep:letter-number')
  redis.call('HSET', 'instep:letter:' .. id, 'kind', 'writeback', 'writeback', name, 'event', entry.event,
    'collection', collection, 'key', entry.key or record, 'record', record, 'item', '',
    'created', now, 'state', 'open', 'open', 0, 'attempts', entry.attempts or 0,
    'status', text_of(outcome.status), 'code', text_of(outcome.code), 'message', outcome.message,
    'problems', '[]', 'events', '[]')
  redis.call('ZADD', 'instep:letters', now, id)
  letter_groups.enter(id)
  step.tell('dead letter', {collection = collection, id = id, key = record, kind = 'writeback',
    status = given(outcome.status), code = given(outcome.code), reason = outcome.message})
  note_life(record, entry, outcome, id)
  letters = letters + 1
  entry.letter, entry.token = id, nil
  redis.call('ZREM', writebacks.due(name), record)
  writebacks.save(name, record, entry)
end

local function fail(record, entry, outcome)
  entry.attempts = (entry.attempts or 0) + 1
  if writebacks.take_newer(entry, false) then return writebacks.save(name, record, entry, now) end
  if entry.attempts >= request.attempts then return add_letter(record, entry, outcome) end
  writebacks.save(name, record, entry, now + math.min(outcome.wait_ms, step.AHEAD_MS))
end

local outcomes = {}

function outcomes.told(record, entry, outcome)
  told = told + 1
  note_life(record, entry, outcome, nil)
  if writebacks.take_newer(entry, true) then return writebacks.save(name, record, entry, now) end
  writebacks.remove(name, record)
end

function outcomes.unsent(record, entry)
  writebacks.take_newer(entry, false)
  writebacks.save(name, record, entry, now)
end

function outcomes.dead(record, entry, outcome)
  if writebacks.take_newer(entry, false) then return writebacks.save(name, record, entry, now) end
  entry.attempts = (entry.attempts or 0) + 1
  add_letter(record, entry, outcome)
end

function outcomes.away(record, entry, outcome)
  local alone = outcome.sent and entry.failed and tonumber(held.success or 0) > entry.failed
  entry.failed = outcome.sent and now or nil
  if alone and not request.rest_asked then return fail(record, entry, outcome) end
  is_away = outcome
  writebacks.take_newer(entry, false)
  -- Behind those that wait already: it may be this record that the target cannot answer.
  writebacks.save(name, record, entry, now + math.min(request.rest_ms + BEHIND_MS, step.AHEAD_MS))
end

outcomes.failed = fail

for _, outcome in ipairs(request.outcomes) do
  local entry = writebacks.load(name, outcome.record)
  if entry and entry.token == request.claim then
    -- What was not sent is neither.
    local failed = outcome.outcome ~= 'told' and outcome.outcome ~= 'unsent'
    if outcome.outcome ~= 'unsent' then step.measure('writebacks:' .. name .. (failed and ':failed' or ':told'), 1) end
    outcomes[outcome.outcome](outcome.record, entry, outcome)
  else
    lost = lost + 1
  end
end

if told > 0 then
  redis.call('HSET', target, 'success', now)
  redis.call('HINCRBY', target, 'told', told)
end
if letters > 0 then redis.call('HINCRBY', target, 'dead', letters) end
if is_away then
  redis.call('HINCRBY', target, 'failures', 1)
  redis.call('HSETNX', target, 'failing', now)
  redis.call('HSET', target, 'until', now + request.rest_ms, 'reason', is_away.message)
elseif told + letters > 0 then
  redis.call('HDEL', target, 'failures', 'until', 'failing', 'reason')
end
if given(request.pause) and not held.paused then
  redis.call('HSET', target, 'paused', request.pause, 'since', now, 'mark', request.mark)
  step.tell('write-back paused', {writeback = name, reason = request.pause})
end
return step.answer({told = told, letters = letters, lost = lost})

-- Shared: a retirement that has not taken its place in the item: it waits for more of its kind, and then
-- perhaps for an approval. It is pending; the values of its item go on as if it had not come.
-- held of an item: JSON {gone: the retirement (field_codes.lua), until: ms to which it is to wait for others, run, seen:
--   the arrival number up to which newer values of the item do not end it}
-- dropped of an item: JSON {gone, by, at: ms}: none is asked for again until the record was seen to exist
--   instep:held:<collection>        sorted set: records, by the arrival number of their retirement
--   instep:held-delay:<collection>  sorted set: those that no step has decided on, by `until`
--   instep:collection:<collection>  asks: all that are held wait for approval (retirement_guard.lua); asks_since
--! uses calls step field_codes items life_entries

local now
calls.on_begin(function() now = step.now end)
local held_retirements = {}

function held_retirements.of(item)
  if not item.meta.held then return nil end
  if not item.held then
    item.held = cjson.decode(item.meta.held)
    item.held.gone = field_codes.decode(item.held.gone, items.GONE)
  end
  return item.held
end

function held_retirements.gone(item)
  local held = held_retirements.of(item)
  return held and held.gone
end

-- The retirement that was dropped.
function held_retirements.dropped(item)
  if not item.meta.dropped then return nil end
  return field_codes.decode(cjson.decode(item.meta.dropped).gone, items.GONE)
end

function held_retirements.forget_dropped(item) items.set(item, 'dropped', nil) end

local function store(item, held)
  local stored = {gone = field_codes.encode(held.gone), run = held.run, seen = held.seen}
  stored['until'] = held['until']
  item.held = held
  items.set(item, 'held', cjson.encode(stored))
end

function held_retirements.asks(collection)
  return redis.call('HGET', 'instep:collection:' .. collection, 'asks')
end

function held_retirements.number(collection) return redis.call('ZCARD', 'instep:held:' .. collection) end

-- Out of the sets; with the last one of its collection nothing is asked any more.
function held_retirements.leave_sets(item)
  redis.call('ZREM', 'instep:held:' .. item.collection, item.record)
  redis.call('ZREM', 'instep:held-delay:' .. item.collection, item.record)
  if held_retirements.number(item.collection) == 0 then
    redis.call('HDEL', 'instep:collection:' .. item.collection, 'asks', 'asks_since', 'count_next')
  end
end

local function count_end(item, gone, state)
  step.count('pending', -1)
  items.count_state(item.collection, gone.source, state)
end

-- It is held no longer. *state*: what becomes of it; nil: it stays pending.
function held_retirements.leave(item, state)
  local gone = held_retirements.gone(item)
  if state then count_end(item, gone, state) end
  held_retirements.leave_sets(item)
  items.set(item, 'held', nil)
  item.held = nil
  return gone
end

local function place_in_sets(item, held)
  store(item, held)
  redis.call('ZADD', 'instep:held:' .. item.collection, held.gone.arrival, item.record)
  local till = held['until']
  if till then redis.call('ZADD', 'instep:held-delay:' .. item.collection, till, item.record) end
end

-- Holds *gone*, in place of one that is held, until *till*; nil: until it is approved.
function held_retirements.hold(item, gone, run, till)
  local before = held_retirements.of(item)
  if before then
    -- Repeats do not put off the decision.
    if till and before['until'] then till = math.min(till, before['until']) end
    -- It does not leave the sets, not even for now: with the last one nothing is asked any more.
    count_end(item, before.gone, 'superseded')
    redis.call('ZREM', 'instep:held-delay:' .. item.collection, item.record)
  end
  gone.state = 'pending'
  local held = {gone = gone, run = run}
  held['until'] = till
  place_in_sets(item, held)
  -- Behind the entry of its event.
  if not till then step.before_answer(function() life_entries.note_held(item, 'asked', nil) end) end
end

-- Something newer than it was accepted.
function held_retirements.supersede(item, why)
  if not item.meta.held then return end
  life_entries.note_held(item, why, nil)
  held_retirements.leave(item, 'superseded')
end

-- A value that is newer and does not say that the record is there: an edit in the CMS.
function held_retirements.pass(item, arrival)
  local held = held_retirements.of(item)
  held.seen = math.max(held.seen or 0, arrival)
  store(item, held)
end

-- What is held of the record *from*, or was dropped, becomes the business of *item*: of two that are held the newer one.
function held_retirements.move(from, item)
  local gone, other = held_retirements.gone(from), held_retirements.gone(item)
  items.set(item, 'dropped', item.meta.dropped or from.meta.dropped)
  if not gone then return end
  local held = from.held
  if other and (other.version > gone.version or (other.version == gone.version and other.arrival > gone.arrival)) then
    held_retirements.leave(from, 'superseded')
    return
  end
  if other then held_retirements.leave(item, 'superseded') end
  place_in_sets(item, held)
  held_retirements.leave(from, nil)
end

-- Something newer is in the item than what is held of it, which so ends.
function held_retirements.end_overtaken(item)
  local gone = held_retirements.gone(item)
  for _, field in pairs(gone and item.fields or {}) do
    local newer = field.version > gone.version or (field.version == gone.version and field.arrival > gone.arrival)
    if newer and not field.undone then return held_retirements.supersede(item, 'ended') end
  end
end

function held_retirements.drop(item, by)
  life_entries.note_held(item, 'dropped', by)
  local gone = held_retirements.leave(item, 'discarded')
  gone.state = 'discarded'
  items.set(item, 'dropped', cjson.encode({gone = field_codes.encode(gone), by = by, at = now}))
end

-- The life goes on, but those that are asked for are told so. At most *most* of a collection.
function held_retirements.note_asked(collection, most)
  local key = 'instep:held-delay:' .. collection
  local records = redis.call('ZRANGE', key, 0, most - 1)
  for _, record in ipairs(records) do
    life_entries.note_held({collection = collection, record = record}, 'asked', nil)
  end
  if #records > 0 then redis.call('ZREM', key, unpack(records)) end
end

return held_retirements

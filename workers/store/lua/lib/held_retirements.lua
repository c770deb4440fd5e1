-- Shared: a retirement that has not taken its place in the item: it waits for more of its kind, and then
-- perhaps for an approval. It is pending; the values of its item go on as if it had not come.
-- held of an item: JSON {gone: the retirement (field_codes.lua), until: ms to which it is to wait for others, run, seen:
--   the arrival number up to which newer values of the item do not end it}
-- dropped of an item: JSON {gone, by, at: ms}: none is asked for again until the record was seen to exist
--   instep:held:<collection>        sorted set: records, by the arrival number of their retirement
--   instep:held-delay:<collection>  sorted set: those that no step has decided on, by `until`
--   instep:collection:<collection>  asks: all that are held wait for approval (retirement_guard.lua); asks_since
--! uses step field_codes items arrivals item_schedule retirements life_entries left_out

local now, given = step.now, step.given
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
    redis.call('HDEL', 'instep:collection:' .. item.collection, 'asks', 'asks_since')
  end
end

local function leave(item, state)
  local gone = held_retirements.gone(item)
  if state then
    step.count('pending', -1)
    items.count_state(item.collection, gone.source, state)
  end
  held_retirements.leave_sets(item)
  items.set(item, 'held', nil)
  item.held = nil
  return gone
end

-- Holds *gone*, in place of one that is held, until *till*; nil: until it is approved.
function held_retirements.hold(item, gone, run, till)
  local before = held_retirements.of(item)
  if before then
    -- Repeats do not put off the decision.
    if till and before['until'] then till = math.min(till, before['until']) end
    leave(item, 'superseded')
  end
  gone.state = 'pending'
  local held = {gone = gone, run = run}
  held['until'] = till
  store(item, held)
  redis.call('ZADD', 'instep:held:' .. item.collection, gone.arrival, item.record)
  if till then redis.call('ZADD', 'instep:held-delay:' .. item.collection, till, item.record) end
end

-- Something newer than it was accepted.
function held_retirements.supersede(item, why)
  if not item.meta.held then return end
  life_entries.note_held(item, why, nil)
  leave(item, 'superseded')
end

-- A value that is newer and does not say that the record is there: an edit in the CMS.
function held_retirements.pass(item, arrival)
  local held = held_retirements.of(item)
  held.seen = math.max(held.seen or 0, arrival)
  store(item, held)
end

-- A process of the release before, which knows of no holds, has accepted something newer.
local function is_overtaken(item, held)
  local gone, seen = held.gone, held.seen or 0
  for slug, field in pairs(item.fields) do
    local later = field.arrival > gone.arrival and field.arrival > seen
    if later and slug == items.GONE and not field.undone then return true end
    local alike = string.sub(field.version, 1, 1) == string.sub(gone.version, 1, 1)
    if later and slug ~= items.GONE and alike and field.version > gone.version then return true end
  end
  return false
end

-- Puts it into its place, as of the copy *copy*. Returns 'pending', 'unchanged' or 'superseded'.
function held_retirements.release(item, copy, act, by)
  if is_overtaken(item, held_retirements.of(item)) then
    held_retirements.supersede(item, 'ended')
    return 'superseded'
  end
  life_entries.note_held(item, act, by)
  local gone = leave(item, nil)
  gone.since = math.min(gone.since, now)
  local state = retirements.retire(item, gone, copy)
  if state ~= 'pending' then
    step.count('pending', -1)
    items.count_state(item.collection, gone.source, state)
  end
  gone.state = state
  if state == 'pending' then
    items.clear(item, 'attempts', 'failed', 'refused')
    items.set(item, 'due', now)
  end
  if next(item.left) then left_out.remove_overtaken(item) end
  return state
end

function held_retirements.drop(item, by)
  life_entries.note_held(item, 'dropped', by)
  local gone = leave(item, 'discarded')
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

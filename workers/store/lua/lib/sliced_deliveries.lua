-- Shared, of accept: deliveries of more changes than one step takes. The first step keeps the delivery
-- whole, gives it its place among the others (arrival numbers, time, number of the kept delivery) and
-- answers; slices then accept it event by event, each all or nothing. What is not accepted yet is
-- counted nowhere in P4.
--   instep:slicing:<token>    list: events that are being handed over, as JSON lists; with an expiry
--   instep:sliced             list: names of deliveries, in the order in which they came
--   instep:sliced:<name>      hash: head; bytes; arrival, came, came_ms
--     (arrivals.lua); before: the arrival number when it came; number: of the kept delivery
--     letter, nameless, with_ids: body_letters.lua; fresh, bad, repeats: events so far
--   instep:sliced:<name>:events   list: what is left of the events
--   instep:sliced:<name>:body     the raw body
--   instep:sliced:<name>:repeats, …:left, …:rest   strings: places so far (delivery_log.lua)
--   instep:sliced-bytes       how many bytes wait so
--   instep:sliced-of:<hash>   the same delivery was taken so: a repeat is a duplicate
-- request.begins: {key, head, hash, remember, bytes, most, arrivals}
--   head: JSON text, the request without events; with hash, and whole: the letter of its body
--! uses calls step wakeups arrivals sliced_request spool delivery delivery_log

local request
calls.on_begin(function() request = step.request end)
local PLACES = {'repeats', 'left', 'rest'}

local function begin(begins, text)
  local uploaded, memory = 'instep:slicing:' .. begins.key, 'instep:sliced-of:' .. begins.hash
  if redis.call('EXISTS', memory) == 1 then
    redis.call('UNLINK', uploaded)
    delivery.count(true)
    delivery_log.list_unkept('d')
    spool.note_drained()
    return step.answer({outcome = 'duplicate'})
  end
  local bytes = tonumber(redis.call('GET', 'instep:sliced-bytes') or 0)
  if bytes > 0 and bytes + begins.bytes > begins.most then return cjson.encode({outcome = 'full'}) end
  -- It has taken so long that it has expired: nothing was kept.
  if redis.call('EXISTS', uploaded) == 0 then return cjson.encode({outcome = 'full'}) end
  local before = arrivals.reserve(begins.arrivals)
  local name = string.format('%.0f', redis.call('INCR', 'instep:slice-number'))
  local keeping, words = delivery_log.begin(), nil
  if keeping then
    words = delivery_log.append(keeping, '|', string.format('%.0f', before), 's')
  else
    delivery_log.list_unkept('s')
  end
  local key = sliced_request.key(name)
  redis.call('RENAME', uploaded, key .. ':events')
  redis.call('PERSIST', key .. ':events')
  redis.call('HSET', key, 'head', begins.head, 'bytes', begins.bytes,
    'arrival', string.format('%.0f', before), 'before', string.format('%.0f', before),
    'came', string.format('t%017.0f', arrivals.us), 'came_ms', arrivals.ms,
    'number', keeping and keeping.number or 0)
  redis.call('SET', key .. ':body', text)
  redis.call('RPUSH', 'instep:sliced', name)
  redis.call('INCRBY', 'instep:sliced-bytes', begins.bytes)
  if begins.remember then redis.call('SET', memory, name, 'PX', request.dedupe_ms) end
  delivery.count(false)
  spool.note_drained()
  wakeups.nudge_sweep()
  return step.answer({outcome = 'kept', sliced = name, words = words})
end

local function end_sliced(sliced)
  local key = sliced_request.key(sliced.name)
  if sliced.number > 0 then
    local texts = {}
    for _, place in ipairs(PLACES) do texts[#texts + 1] = redis.call('GET', key .. ':' .. place) or '' end
    delivery_log.note_places(request.source, sliced.number, texts)
  end
  if request.mode == 'live' and tonumber(sliced.fresh or 0) == 0 and tonumber(sliced.bad or 0) == 0
      and tonumber(sliced.repeats or 0) > 0 then
    redis.call('HINCRBY', 'instep:source:' .. request.source, 'duplicates', 1)
  else
    delivery.count_events(tonumber(sliced.fresh or 0), tonumber(sliced.bad or 0))
  end
  -- The repeat of an event of which something was left out is a replay.
  if tonumber(sliced.bad or 0) > 0 then redis.call('DEL', 'instep:sliced-of:' .. request.hash) end
  redis.call('LREM', 'instep:sliced', 1, sliced.name)
  redis.call('DECRBY', 'instep:sliced-bytes', sliced.bytes)
  redis.call('UNLINK', key, key .. ':body', key .. ':events', key .. ':repeats', key .. ':left', key .. ':rest')
end

-- *progress*: {fresh, bad, repeats} of this slice, letter, nameless, with_ids; *places*: as in PLACES.
local function save_slice(sliced, progress, places)
  local key = sliced_request.key(sliced.name)
  for n, place in ipairs(PLACES) do
    if #places[n] > 0 then redis.call('APPEND', key .. ':' .. place, table.concat(places[n], ',') .. ',') end
  end
  for _, name in ipairs({'fresh', 'bad', 'repeats'}) do
    sliced[name] = redis.call('HINCRBY', key, name, progress[name])
  end
  redis.call('HSET', key, 'arrival', string.format('%.0f', arrivals.reserved.arrival),
    'letter', progress.letter or '', 'nameless', progress.nameless and 1 or 0, 'with_ids', progress.with_ids and 1 or 0)
  redis.call('LPOP', key .. ':events')
  if sliced.last then end_sliced(sliced) end
end

return {begin = begin, save_slice = save_slice}

-- Shared: which event ids were taken, so that a repeat does nothing. Owns
--   instep:seen:<source>          text: its generations, oldest first: "<name> <ms it began> <sets> <ids>;"
--     ids: how many, once it is full
--     name: "l<n>", of ids that are kept for dedupe_hours; "s<n>", for an hour, where the versions of
--     an event tell that it is a repeat
--   instep:seen:<source>:<generation>:<n>  set: ids as integers, which take 8 bytes each
--   instep:seen-bytes             hash: source → "<bytes> <ms until which they count>"
--   instep:seen:<source>:<bucket>  set, of the release before: ids as texts. It is read, and also
--     written while processes of that release do.
--! uses calls step version_events

local request, now
local deduplication = {}
local SHORT_MS = 3600000
local PARTS = {l = 8, s = 4}  -- generations of one life, so that none is kept much longer
local FULL = 500              -- ids of one set: up to 512 are stored as bare integers
local AIM = 256
local MOST_SETS = 1024        -- of one generation
local ID_BYTES = 10           -- with its share of the keys
local SEEN_BYTES = 134217728  -- of all sources, in a store without a limit
local SEEN_SHARE = 0.375      -- of the memory of a store with one
local ROLLING_MS = 600000

local life
local forgot  -- ms for which ids are kept now, where there is no room for as long as they should be
local integers  -- by id
-- generations: of both kinds, oldest first   written_to: kind → the one that is written to
-- buckets: of the release before, that there are
local held
local sources = {}  -- of a group: what is held of them
calls.on_group(function()
  if next(sources) then sources = {} end
end)
calls.on_begin(function()
  request, now = step.request, step.now
  life = {l = request.dedupe_ms, s = math.min(request.dedupe_ms or 0, SHORT_MS)}
  forgot, held, integers = nil, nil, {}
end)

local function seen_base() return 'instep:seen:' .. request.source end

local function span_of(kind) return math.max(1, math.floor(life[kind] / PARTS[kind])) end

local function load_held()
  if held then return end
  local name = request.source .. ' ' .. request.dedupe_ms
  held = sources[name] or {}
  sources[name] = held
end

local function load_generations()
  load_held()
  if held.generations then return held.generations end
  local generations, written_to = {}, {}
  held.generations, held.written_to = generations, written_to
  local text = step.seen
  if text == nil then text = redis.call('GET', seen_base()) end
  for name, kind, began, sets, ids in string.gmatch(text or '', '((%a)%d+) (%d+) (%d+) (%d+);') do
    local one = {name = name, kind = kind, began = tonumber(began), sets = tonumber(sets), ids = tonumber(ids)}
    -- What began later than now is of before the clock stepped back.
    if now - one.began < life[kind] + span_of(kind) then
      generations[#generations + 1] = one
      written_to[kind] = one
    end
  end
  return generations
end

-- The integer of an id, and what chooses its set: 60 bits and 10 more.
local function integer_of(id)
  local known = integers[id]
  if not known then
    local hash = redis.sha1hex(id)
    known = {string.format('%d%09d', tonumber(string.sub(hash, 1, 8), 16),
      tonumber(string.sub(hash, 9, 15), 16)), tonumber(string.sub(hash, 16, 18), 16) % MOST_SETS}
    integers[id] = known
  end
  return known[1], known[2]
end

local function set_of(one, place) return seen_base() .. ':' .. one.name .. ':' .. place % one.sets end

local function bucket_of_before(n)
  return string.format('instep:seen:%s:%d', request.source, math.floor(now / request.dedupe_ms) + n)
end

local function load_before()
  load_held()
  if held.buckets then return held.buckets end
  local buckets = {}
  held.buckets = buckets
  local keys = {bucket_of_before(-1), bucket_of_before(0), bucket_of_before(1)}
  if redis.call('EXISTS', unpack(keys)) == 0 then return buckets end
  for _, key in ipairs(keys) do
    if redis.call('EXISTS', key) == 1 then
      buckets[#buckets + 1] = key
      -- Only that release sets the whole time with every id.
      if redis.call('PTTL', key) > 2 * request.dedupe_ms - ROLLING_MS then buckets.written = true end
    end
  end
  return buckets
end

local function is_seen(id)
  local integer, place = integer_of(id)
  for _, one in ipairs(load_generations()) do
    if redis.call('SISMEMBER', set_of(one, place), integer) == 1 then return true end
  end
  for _, key in ipairs(load_before()) do
    if redis.call('SISMEMBER', key, id) == 1 then return true end
  end
  return false
end

local function save_generations()
  local texts = {}
  for n, one in ipairs(held.generations) do
    texts[n] = string.format('%s %.0f %.0f %.0f;', one.name, one.began, one.sets, one.ids)
  end
  redis.call('SET', seen_base(), table.concat(texts), 'PX', 2 * life.l + ROLLING_MS)
  sources = {}  -- those of this source with another time are not those that it has now
end

local function drop_generation(one)
  local keys = {}
  for n = 0, one.sets - 1 do keys[#keys + 1] = set_of(one, n) end
  redis.call('UNLINK', unpack(keys))
end

-- How many bytes the ids of this source may take beside those of the others.
local function room_for_ids()
  local limit = step.memory_limit()
  local room = limit > 0 and math.floor(limit * SEEN_SHARE) or SEEN_BYTES
  local flat = redis.call('HGETALL', 'instep:seen-bytes')
  for i = 1, #flat, 2 do
    local bytes, till = string.match(flat[i + 1], '^(%d+) (%d+)$')
    if tonumber(till) < now then
      redis.call('HDEL', 'instep:seen-bytes', flat[i])
    elseif flat[i] ~= request.source then
      room = room - tonumber(bytes)
    end
  end
  return math.max(room, FULL * ID_BYTES)
end

-- Call it where a generation begins: ids that there is no room for are forgotten, the oldest first.
local function bound_generations()
  local all, room, bytes, dropped = load_generations(), room_for_ids(), 0, 0
  for n = #all, 1, -1 do
    bytes = bytes + all[n].ids * ID_BYTES
    if bytes > room and n < #all then
      bytes = bytes - all[n].ids * ID_BYTES
      for _ = 1, n do
        local one = table.remove(all, 1)
        drop_generation(one)
        if one.kind == 'l' then dropped, forgot = dropped + one.ids, now - all[1].began end
      end
      break
    end
  end
  if dropped > 0 then redis.call('HINCRBY', 'instep:source:' .. request.source, 'ids_forgotten', dropped) end
  redis.call('HSET', 'instep:seen-bytes', request.source,
    string.format('%.0f %.0f', bytes, now + life.l + span_of('l')))
end

local function begin_generation(kind, last, filled)
  -- No name comes twice: what has it may not have expired yet.
  local sets, number = 1, math.floor(now / 1000)
  if last then
    last.ids, number = filled * last.sets, math.max(number, tonumber(string.sub(last.name, 2)) + 1)
    sets = filled >= FULL and last.sets * 4 or 1
    while filled < FULL and sets * AIM < last.ids do sets = sets * 2 end
  end
  local one = {name = kind .. string.format('%.0f', number), kind = kind, began = now,
    sets = math.min(sets, MOST_SETS), ids = 0}
  held.generations[#held.generations + 1] = one
  held.written_to[kind] = one
  bound_generations()
  save_generations()
  return one
end

-- The generation that ids of *kind* are put into now.
local function generation_of(kind, place)
  load_generations()
  local last = held.written_to[kind]
  if not last then return begin_generation(kind), 0 end
  local filled, age = redis.call('SCARD', set_of(last, place)), now - last.began
  if filled < FULL and age < span_of(kind) and -age < life[kind] then return last, filled end
  return begin_generation(kind, last, filled), 0
end

function deduplication.keep_id(kind, id)
  local integer, place = integer_of(id)
  local one, filled = generation_of(kind, place)
  local key = set_of(one, place)
  redis.call('SADD', key, integer)
  -- From its first id on it lasts until its last one has been kept for long enough.
  if filled == 0 then
    redis.call('PEXPIRE', key, math.max(1, one.began + span_of(kind) + life[kind] - now))
  end
  if load_before().written then
    local bucket = bucket_of_before(0)
    redis.call('SADD', bucket, id)
    redis.call('PEXPIRE', bucket, math.max(1, 2 * request.dedupe_ms - ROLLING_MS - 1), 'NX')
  end
end

-- A kept event that was not taken when it came, and is now: the mark of that very event, so that it
-- can be run once more, and a repeat of it cannot.
local function own_mark(id, again) return string.format('%s@%.0f', id, again.number) end

-- Whether an event is a repeat of one that was taken. *here*: ids of this delivery.
function deduplication.is_repeat(event, here)
  local id, again = event.id, event.again
  if not id then return false end
  if not again then return here[id] or is_seen(id) end
  return not again.taken and (here[id] or (is_seen(id) and not is_seen(own_mark(id, again))))
end

-- Whether what the fields of its records hold tells that the event is a repeat: an equal version with
-- its id, or a later one. So it does not where a part was left out, or is to be fetched; of what the
-- CMS says itself; and of positions in a log, which are known to belong to it for a while only.
local function tells_repeats(event)
  if request.mode ~= 'live' or event.again or event.log or event.part then return false end
  if #event.problems + #event.left + #event.fetches + #(event.gone or {}) > 0 then return false end
  for _, change in ipairs(event.changes) do
    if not change.version or change.placed == 'after' or change.echo then return false end
  end
  return true
end

function deduplication.mark_seen(event)
  local id, again = event.id, event.again
  if not id or (again and again.taken) then return end
  deduplication.keep_id(tells_repeats(event) and 's' or 'l', id)
  if again then deduplication.keep_id('l', own_mark(id, again)) end
end

function deduplication.forgotten_ms() return forgot end

-- Ids that no field holds any more (version_events.lua), since there are too many of one version.
function deduplication.mark_outlived()
  for _, id in ipairs(version_events.outlived) do deduplication.keep_id('l', id) end
end

return deduplication

-- Shared: the deliveries that are kept, so that they can be run again, and a list of the others. Owns, of
-- each source:
--   instep:kept:<source>        stream <ms>-<number>: t came, µs   a the newest arrival number then
--     w words   x places   b packed   i summary, behind the letter of its outcome (delivery_summary.py)
--     x: places of the events that were repeats, "|", those of the events that were not taken; and
--       "|" and those that were, where a letter of the whole body stands for the others
--     a delivery that is accepted in slices has these in kept-places:<source>, a hash: number → x
--   instep:kept-words:<source>  stream <ms>-<number>: b what others are packed by, for an hour
--   instep:kept-state:<source>  hash: number, ms of the last; bytes; oldest, fell: ms of the oldest
--     and of the last that fell out; dropped: how many did for want of room; most: bytes that they may
--     take, where the store's limit allows less than keep_mb
--   instep:unkept:<source>      stream <ms>-<number>: t, i: what was proven and is not kept, such as repeats
-- ARGV[4]: the delivery, packed; ARGV[5]: new words that it is packed by
--! uses calls step arrivals gathered

local given = step.given
local request, now, ARGV
local states, oldest_held = {}, {}  -- of a group, by source: as they were saved last; oldest, as the store has it still
local known = {}  -- words that there are
calls.on_group(function()
  if next(states) then states, oldest_held = {}, {} end
  if next(known) then known = {} end
end)
calls.on_begin(function() request, now, ARGV = step.request, step.now, step.ARGV end)
local delivery_log = {}
local WORDS_MS = 2 * 3600000  -- words are used for an hour, by a process's own clock
local ENTRY = 16              -- bytes of an entry beside its texts, about
delivery_log.KEPT_PART = 4           -- of the memory of a store with a limit, for all sources
local AT_ONCE = 50            -- that fall out in one step
local UNKEPT_MOST, UNKEPT_MS = 500, 7 * 86400000

function delivery_log.ms_of(entry) return tonumber(string.match(entry[1], '^%d+')) end

local function weight(entry)
  local bytes = ENTRY
  for n = 2, #entry[2], 2 do bytes = bytes + #entry[2][n] end
  return bytes
end

function delivery_log.first_of(key) return redis.call('XRANGE', key, '-', '+', 'COUNT', 1)[1] end

function delivery_log.remove_entry(key, entry)
  redis.call('XDEL', key, entry[1])
  return weight(entry)
end

function delivery_log.state_of(source)
  local held = redis.call('HMGET', 'instep:kept-state:' .. source, 'number', 'ms', 'bytes', 'oldest', 'fell', 'dropped', 'most')
  return {number = tonumber(held[1] or nil), ms = tonumber(held[2] or nil), bytes = tonumber(held[3] or nil),
    oldest = tonumber(held[4] or nil), fell = tonumber(held[5] or nil), dropped = tonumber(held[6] or nil),
    most = tonumber(held[7] or nil)}
end

local function write_state(source, state, oldest)
  local put = {}
  for name, value in pairs(state) do
    if name ~= 'oldest' or value ~= oldest then
      put[#put + 1] = name
      put[#put + 1] = string.format('%d', value)
    end
  end
  redis.call('HSET', 'instep:kept-state:' .. source, unpack(put))
  if not state.oldest then redis.call('HDEL', 'instep:kept-state:' .. source, 'oldest') end
end

local function write_states()
  for source, state in pairs(states) do write_state(source, state, oldest_held[source]) end
  states, oldest_held = {}, {}
end

-- *oldest*: as it is held, if that is known.
function delivery_log.save_state(source, state, oldest)
  if not states[source] then oldest_held[source] = oldest end
  states[source] = state
  gathered.later(write_states)
end

-- Words stay for as long as a delivery may need them.
local function trim_words(source, state)
  local key = 'instep:kept-words:' .. source
  local entry = delivery_log.first_of(key)
  while entry and delivery_log.ms_of(entry) < (state.oldest or now) - WORDS_MS do
    state.bytes = state.bytes - delivery_log.remove_entry(key, entry)
    entry, known = delivery_log.first_of(key), {}
  end
  if not entry and not state.oldest then state.bytes = 0 end
end

-- *kept*: {ms, most}: how long, and how many bytes. Returns whether anything fell out of *state*.
local function trim_by_limits(source, kept, state)
  local from, most = now - kept.ms, math.min(kept.most, state.most or kept.most)
  if not state.oldest or (state.oldest >= from and state.bytes <= most) then return false end
  local key = 'instep:kept:' .. source
  local entry = delivery_log.first_of(key)
  for _ = 1, AT_ONCE do
    if not entry or (delivery_log.ms_of(entry) >= from and state.bytes <= most) then break end
    if delivery_log.ms_of(entry) >= from then state.dropped = (state.dropped or 0) + 1 end
    state.fell = delivery_log.ms_of(entry)
    state.bytes = state.bytes - delivery_log.remove_entry(key, entry)
    redis.call('HDEL', 'instep:kept-places:' .. source, string.match(entry[1], '%d+$'))
    entry = delivery_log.first_of(key)
  end
  state.oldest = entry and delivery_log.ms_of(entry) or nil
  trim_words(source, state)
  return true
end

-- What is too old, also where nothing comes. *share*: bytes that the deliveries of one source may take, so
-- that those of all leave room for the rest; nil: the store has no limit.
function delivery_log.trim_idle(source, kept, share)
  local state = delivery_log.state_of(source)
  local most = share and share < kept.most and math.floor(share) or nil
  local changed = state.most ~= most
  state.most = most
  if changed and not most then redis.call('HDEL', 'instep:kept-state:' .. source, 'most') end
  if trim_by_limits(source, kept, state) or (changed and state.number) then delivery_log.save_state(source, state) end
end

function delivery_log.places_text(repeats, left, rest)
  local text = table.concat(repeats, ',') .. '|'
  if left[#left] ~= -1 then return text .. table.concat(left, ',') end
  return text .. '-1|' .. table.concat(rest, ',')
end

-- The places of a delivery that was accepted in slices are known at the end of it.
function delivery_log.note_places(source, number, texts)
  local repeats, left, rest = unpack(texts)
  local text = repeats .. '|' .. left
  if string.match(left, '%-1,$') then text = text .. '|' .. rest end
  redis.call('HSET', 'instep:kept-places:' .. source, string.format('%d', number), text)
  local kept = request.kept
  redis.call('PEXPIRE', 'instep:kept-places:' .. source, 2 * kept.ms + 2 * WORDS_MS)
end

-- Which deliveries are kept so far, and the number of this one; nil where it is not to be kept.
function delivery_log.begin()
  if not given(request.kept) then return nil end
  local state = {}
  for name, value in pairs(states[request.source] or delivery_log.state_of(request.source)) do state[name] = value end
  state.number = (state.number or 0) + 1
  return state
end

-- How it is listed: *outcome* and what it is about. '': by a process that says nothing about it.
local function summary_of(outcome)
  local summary = given(request.summary)
  return summary and outcome .. summary or ''
end

-- Lists what is not kept. *outcome*: see delivery_summary.py.
function delivery_log.list_unkept(outcome)
  if not given(request.summary) then return end
  local key = 'instep:unkept:' .. request.source
  local function add(ms)
    return redis.pcall('XADD', key, 'MAXLEN', UNKEPT_MOST, string.format('%d-*', ms),
      't', string.format('%d', arrivals.us), 'i', summary_of(outcome))
  end
  -- Refused where the clock went back behind the newest entry.
  if type(add(now)) == 'table' then
    add(delivery_log.ms_of(redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]))
  end
  if redis.call('PTTL', key) < UNKEPT_MS / 2 then redis.call('PEXPIRE', key, UNKEPT_MS) end
end

local function has_words(source, words)
  local name = source .. ' ' .. words
  known[name] = known[name] or redis.call('XRANGE', 'instep:kept-words:' .. source, words, words)[1] ~= nil
  return known[name]
end

-- *x*, *arrival*: see above. Returns the name of new words, or '' where those given are gone.
function delivery_log.append(state, x, arrival, outcome)
  local source, kept = request.source, request.kept
  local oldest = state.oldest
  state.ms = math.max(now, state.ms or 0)
  state.oldest = oldest or state.ms
  local id = string.format('%d-%d', state.ms, state.number)
  local words, fresh = given(kept.words), ARGV[5] ~= ''
  if words and not has_words(source, words) then
    -- They held what was erased (forget.lua): this one cannot be read, the next brings its own.
    delivery_log.save_state(source, state)
    return ''
  end
  local came, summary = string.format('%d', arrivals.us), summary_of(outcome)
  redis.call('XADD', 'instep:kept:' .. source, id, 't', came, 'a', arrival, 'w', words or id, 'x', x, 'b', ARGV[4],
    'i', summary)
  local bytes = #came + #arrival + #(words or id) + #x + #ARGV[4] + #summary + ENTRY
  if fresh then
    redis.call('XADD', 'instep:kept-words:' .. source, id, 'b', ARGV[5])
    bytes = bytes + #ARGV[5] + ENTRY
    -- No sweep trims a source that is no longer configured.
    for _, name in ipairs({'kept:', 'kept-words:'}) do
      redis.call('PEXPIRE', 'instep:' .. name .. source, 2 * kept.ms + 2 * WORDS_MS)
    end
  end
  state.bytes = (state.bytes or 0) + bytes
  trim_by_limits(source, kept, state)
  delivery_log.save_state(source, state, oldest)
  return fresh and id or nil
end

return delivery_log

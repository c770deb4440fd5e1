-- The call of a step: its request, the time, what it counts and notes, and its answer.
-- ARGV[1]: milliseconds added to the store's clock (0 but in tests); ARGV[2]: the request, JSON.
-- No step declares KEYS: the project runs on one primary, never on a cluster.
--! uses calls redis gathered

local CLAIM_MS = 30000
local SEND_MS = 15000      -- half a claim: no request starts later than this after its claim
local LATE_MS = 60000      -- late_limit: how long a request of unknown outcome may still land
local AHEAD_MS = 330000    -- no stored due time is further ahead than this: clocks jump
local NOTED = 20            -- duplicates that an answer names
local LANES = {'live', 'replay', 'reconcile'}

local step = {CLAIM_MS = CLAIM_MS, SEND_MS = SEND_MS, LATE_MS = LATE_MS, AHEAD_MS = AHEAD_MS, NOTED = NOTED, LANES = LANES}
local request, now, call_key, first_answer
local bytes_most, last_writes
local counted, measured
local told, untold
local begun_us  -- when the group began; nil: its first call has not read it yet
local answered = {}  -- by key: {the answer to a call of the group, for how long it is remembered}

calls.on_group(function()
  begun_us, now, bytes_most = nil, nil, nil
  if next(answered) then answered = {} end
  step.loss_number, step.arrival, step.clock_seen, step.clock_back = nil, nil, nil, nil
end)

-- One call for what nearly every step reads: the clock, the last loss (losses.lua), the answer to the same call;
-- and where events come, the arrival number (arrivals.lua) and the generations of ids (deduplication.lua).
local function read_first(offset_ms, source)
  local clock = redis.call('TIME')
  begun_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2]) + tonumber(offset_ms) * 1000
  local held = source and redis.call('MGET', 'instep:clock', 'instep:losses:number', call_key, 'instep:arrival',
    'instep:seen:' .. source) or redis.call('MGET', 'instep:clock', 'instep:losses:number', call_key)
  step.loss_number, step.arrival = held[2], held[4]
  step.clock_seen, step.clock_back = string.match(held[1] or '', '^(%d+) (%d+)$')
  now = math.max(math.floor(begun_us / 1000) + (step.clock_back or 0), tonumber(step.clock_seen) or 0)
  return held[3], held[5]
end

local function add_standing(parts)
  for name, value in pairs(parts) do
    if request[name] == nil then request[name] = value end
  end
end

calls.on_begin(function(ARGV, group)
  step.ARGV = ARGV
  request = cjson.decode(ARGV[2])
  if group then add_standing(group.standing) end
  call_key = 'instep:call:' .. (request.call or request.token or '')
  if begun_us then
    first_answer, step.seen = answered[call_key] and answered[call_key][1] or redis.call('GET', call_key), nil
  else
    first_answer, step.seen = read_first(ARGV[1], request.events and step.given(request.source))
  end
  -- Versions of values that have none are of now_us, the clock: no two calls have the same. All waits are of
  -- now, which does not go back when the clock does (sweep.lua).
  step.request, step.now, step.now_us = request, now, begun_us + (group and group.number - 1 or 0)
  -- Where the ids of the items are that the step is about: <collection>:<copy>.
  step.place = request.index and request.collection .. ':' .. request.index
  step.destination_key = 'instep:destination:' .. (step.given(request.destination) or '')
  last_writes, counted, measured, told, untold = {}, {}, {}, nil, 0
end)

-- cjson gives null as a userdata, which is true: a trap in every `if`.
function step.given(value)
  if value == nil or value == cjson.null then return nil end
  return value
end

-- A time further ahead than its own maximum counts as now.
function step.sane(at, ahead)
  at = tonumber(at)
  if not at then return nil end
  if at > now + ahead then return now end
  return at
end

-- A hash as a table; nil: there is none.
function step.hash(key)
  local held, flat = {}, redis.call('HGETALL', key)
  for i = 1, #flat, 2 do held[flat[i]] = flat[i + 1] end
  return flat[1] and held or nil
end

-- A command with very many arguments, some at a time; returns the sum of the answers.
function step.call_in_parts(command, key, list)
  local sum = 0
  for i = 1, #list, 200 do
    sum = sum + redis.call(command, key, unpack(list, i, math.min(i + 199, #list)))
  end
  return sum
end

-- redis-py repeats a call whose answer got lost: the repeat gets the first answer.
function step.earlier_answer() return first_answer end

-- Bytes that the store may take; 0: it has no limit.
function step.memory_limit()
  bytes_most = bytes_most or tonumber(string.match(redis.call('INFO', 'memory'), 'maxmemory:(%d+)') or 0)
  return bytes_most
end

function step.count(name, by)
  counted[name] = (counted[name] or 0) + by
end

-- Adds to a counter that only rises (workers/store/counters.py).
function step.measure(name, by)
  measured[name] = (measured[name] or 0) + by
end

-- What is written once a step knows all of it, as it answers.
function step.before_answer(write) last_writes[#last_writes + 1] = write end

-- What the step has changed that the caller logs (workers/store/state_log.py): a state that it met
-- is no change. Once it has told MOST of them, it only counts.
local TOLD_MOST = 20
function step.tell(what, values)
  told = told or {}
  if #told == TOLD_MOST then
    untold = untold + 1
    return
  end
  values.what = what
  values.destination = values.destination or request.destination
  told[#told + 1] = values
end

local function remember_answers()
  for key, one in pairs(answered) do redis.call('SET', key, one[1], 'PX', one[2]) end
  answered = {}
end

function step.answer(result, keep_ms)
  for _, write in ipairs(last_writes) do write() end
  if told then
    result.changes = told
    if untold > 0 then result.untold = untold end
  end
  for name, by in pairs(counted) do
    if by ~= 0 then gathered.add('instep:counts', name, by) end
  end
  for name, by in pairs(measured) do gathered.add('instep:metrics', name, by) end
  local text = cjson.encode(result)
  if request.token then
    answered[call_key] = {text, keep_ms or 15000}
    gathered.at_last(remember_answers)
  end
  return text
end

-- An empty Lua table is an object in cjson; as text, a list stays a list.
function step.list_text(list)
  return #list == 0 and '[]' or cjson.encode(list)
end

return step

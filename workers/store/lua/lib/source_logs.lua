-- Shared: the logs of a source that numbers its changes by positions in one. A new log begins lower:
-- after a failover, an upgrade, a restore. Owns
--   instep:logs:<source>  hash: name of the server → JSON, its logs, oldest first: [{n: number,
--     s: µs since which, c: [[position, µs], …]}]
--     c: checkpoints: up to *position* nothing was later than *µs*; texts: cjson rounds numbers
--
-- Times run backwards (statements that waited, clocks that step back, the next server's clock),
-- positions of one log do not. So a log is not that of an event which is later than all that came
-- up to a position far above its own; where none is left, a new one begins. What came before never
-- is: sent again, an event gets the log it had.
--! uses calls versions step items version_order

local given = step.given
local request
local logs_of, logs_changed = {}, {}
calls.on_begin(function()
  request = step.request
  if next(logs_of) then logs_of, logs_changed = {}, {} end
end)
local SERVERS = 1000        -- of one source; of more, positions alone tell
local LOGS = 8              -- of one server that are told apart
local CHECKPOINTS = 24      -- of one log
local APART_US = 60000000   -- between two of them

local function load_logs(name)
  if logs_of[name] == nil then
    local text = redis.call('HGET', 'instep:logs:' .. request.source, name)
    logs_of[name] = type(text) == 'string' and cjson.decode(text) or {}
  end
  return logs_of[name]
end

local function save()
  local key = 'instep:logs:' .. request.source
  for name in pairs(logs_changed) do
    if redis.call('HEXISTS', key, name) == 1 or redis.call('HLEN', key) < SERVERS then
      redis.call('HSET', key, name, cjson.encode(logs_of[name]))
    end
  end
end

local function begin_log(logs, number, position, at)
  local text = string.format('%.0f', at)
  logs[#logs + 1] = {n = number, s = text, c = {{position, text}}}
  if #logs > LOGS then table.remove(logs, 1) end
  return logs[#logs]
end

local function top_of(log) return log.c[#log.c] end

-- Positions of transactions that overlap run backwards too, by a small share of what came, and
-- hardly to what was before all of it.
local function far_of(log, place)
  local first = tonumber(log.c[1][1])
  if not place.overlaps or tonumber(place.position) + place.far <= first then return place.far end
  return math.max(place.far, (tonumber(top_of(log)[1]) - first) / 16)
end

-- The event is later than all that came up to a position far above its own.
local function contradicts(log, place)
  if not place.at then return false end
  local far = far_of(log, place)
  for _, point in ipairs(log.c) do
    if tonumber(point[1]) - tonumber(place.position) >= far then
      return place.at > tonumber(point[2])
    end
  end
  return false
end

-- Among what has come of *log* already.
local function is_within(log, place)
  local top = top_of(log)
  return place.at and place.position <= top[1] and place.at <= tonumber(top[2])
    and not contradicts(log, place)
end

-- The time of the event is before the next log began, and its position further than *log* came: the
-- clock has stepped back since, where the next log has come as far, or began less long before.
local function is_of_next(log, next_log, place)
  local top = top_of(log)
  if not next_log or not place.at or place.position <= top[1] then return false end
  local next_top, early = top_of(next_log)[1], tonumber(next_log.s) - place.at
  if place.position > next_top and next_top >= top[1] then return true end
  return early < APART_US and early < place.at - tonumber(top[2])
end

-- The log in which an event lies; nil: it begins a new one.
local function log_of(logs, place)
  for _, log in ipairs(logs) do
    if is_within(log, place) then return log end
  end
  local n = place.at and 1 or #logs
  while logs[n + 1] and place.at >= tonumber(logs[n + 1].s) do n = n + 1 end
  while logs[n] do
    if not is_of_next(logs[n], logs[n + 1], place) and not contradicts(logs[n], place) then
      return logs[n]
    end
    n = n + 1
  end
  return nil
end

local function thin(points)
  if #points <= CHECKPOINTS then return points end
  local kept = {points[1]}
  for n = 3, #points - 1, 2 do kept[#kept + 1] = points[n] end
  kept[#kept + 1] = points[#points]
  return kept
end

-- Returns whether the checkpoints of *log* say something else then.
local function note_place(log, place)
  local points, changed = log.c, false
  local at = place.at or tonumber(top_of(log)[2])
  for n = #points, 1, -1 do
    if points[n][1] < place.position then break end
    if tonumber(points[n][2]) < at then
      points[n][2] = string.format('%.0f', at)
      changed = true
    end
  end
  local top, before = top_of(log), points[#points - 1]
  if place.position <= top[1] then return changed end
  local point = {place.position, string.format('%.0f', math.max(at, tonumber(top[2])))}
  local near = before and tonumber(place.position) - tonumber(before[1]) < place.far
    and tonumber(point[2]) - tonumber(before[2]) < APART_US
  points[near and #points or #points + 1] = point
  log.c = thin(points)
  return true
end

-- How far the log had come, by what an older release has taken of this source.
local function learn_log(logs, place, event)
  local top
  for _, change in ipairs(event.changes) do
    for name, field in pairs(items.of(change).fields) do
      if field.source == request.source and versions.kind_of(field.version) == 's' then
        local number, position = versions.position_of(field.version)
        if number == 0 and (not top or position > top[1]) then
          top = {position, string.format('%.0f', (field.came_at or field.since) * 1000)}
        end
      end
    end
  end
  if top and top[1] > place.position then logs[1] = {n = 0, s = '0', c = {top}} end
end

-- Gives the changes of *event* that stand by its position the log in which that is.
local function place_event(event)
  local given_log = event.log
  if not given_log then return end
  local _, position = versions.position_of(given_log.version)
  local place = {position = position, at = tonumber(given(given_log.at)), far = given_log.far,
    overlaps = given_log.overlaps}
  local logs = load_logs(given_log.name)
  local learning = version_order.LATER[request.mode]
  if #logs == 0 and learning and redis.call('EXISTS', 'instep:logs:' .. request.source) == 0 then
    learn_log(logs, place, event)
  end
  local log = #logs > 0 and log_of(logs, place)
  if not log and not learning then
    log = logs[#logs] or {n = 0}
  elseif not log then
    log = begin_log(logs, #logs > 0 and logs[#logs].n + 1 or 0, position, place.at or 0)
    logs_changed[given_log.name] = true
  elseif learning and note_place(log, place) then
    logs_changed[given_log.name] = true
  end
  for _, change in ipairs(event.changes) do
    if change.version == given_log.version then
      change.version = versions.in_log(given_log.version, log.n)
    end
  end
  for _, left in ipairs(event.left) do
    if given(left.version) == given_log.version then left.version = versions.in_log(left.version, log.n) end
  end
end

return {save = save, place_event = place_event}

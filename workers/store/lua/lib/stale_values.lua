-- Shared, of accept: values that were overtaken before they came. Owns
--   instep:stale:<source>  hash: <collection> → how many so far; ":since", ":events", ":by", ":unit"
--     ":since": ms since which everything that came was older than what is held, in ":events"
--     deliveries; ":by": by how much the last of it was, in ":unit": µs, positions or logs; ":told":
--     ms at which that was logged last
--! uses calls versions step items

local request, now
local stale_here, older_here, newer_here
local cleared = {}  -- sources of a group of which nothing but numbers is held
calls.on_group(function()
  if next(cleared) then cleared = {} end
end)
calls.on_begin(function()
  request, now = step.request, step.now
  stale_here, older_here, newer_here = {}, nil, false
end)
local STALLED_MS = 900000   -- no less is worth a warning
local STALLED_EVENTS = 5
local WARNED_MS = 3600000

local function distance(version, newest)
  if versions.kind_of(version) == 't' then return versions.micros_of(newest) - versions.micros_of(version), 'us' end
  local log, position = versions.position_of(version)
  local newest_log, newest_position = versions.position_of(newest)
  if log ~= newest_log then return newest_log - log, 'logs' end
  return tonumber(newest_position) - tonumber(position), 'positions'
end

local function note_stale(item, change, slug, version)
  stale_here[change.collection] = (stale_here[change.collection] or 0) + 1
  for _, name in ipairs({slug, items.GONE}) do
    local newest = item.fields[name] and item.fields[name].version
    if version and newest and newest > version and versions.kind_of(newest) == versions.kind_of(version)
        and versions.kind_of(version) ~= versions.BEFORE then
      older_here = {distance(version, newest)}
    end
  end
end

local function note_newer() newer_here = true end

-- Returns what to log of a source that has given nothing new for a while.
local function save()
  local key = 'instep:stale:' .. request.source
  for collection, number in pairs(stale_here) do redis.call('HINCRBY', key, collection, number) end
  if newer_here and not cleared[request.source] then
    redis.call('HDEL', key, ':since', ':events', ':by', ':unit', ':told')
    cleared[request.source] = true
  end
  if newer_here or not older_here then return false end
  cleared[request.source] = nil
  redis.call('HSETNX', key, ':since', now)
  local events = redis.call('HINCRBY', key, ':events', 1)
  local by = string.format('%.0f', older_here[1])
  redis.call('HSET', key, ':by', by, ':unit', older_here[2])
  local since = tonumber(redis.call('HGET', key, ':since'))
  if now - since < STALLED_MS or events < STALLED_EVENTS then return false end
  local warned = tonumber(redis.call('HGET', key, ':told') or 0)
  if now - warned < WARNED_MS and warned <= now then return false end
  redis.call('HSET', key, ':told', now)
  return {since = since, events = events, by = by, unit = older_here[2]}
end

return {note_stale = note_stale, note_newer = note_newer, save = save}

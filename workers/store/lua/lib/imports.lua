-- Shared: requests that import files. The CMS fetches each file before it answers, so that a batch of
-- many takes longer than anybody waits: they carry as many as are fetched in time, and while one is
-- on its way, or was just now, everything else goes first.
-- instep:flight:<name>:files  sorted set: those of the flights that import

local FETCHED_MS = 7000   -- half of the time that a request has (workers/webflow/client.py)

local function times(text, pattern)
  local _, found = string.gsub(text, pattern, '')
  return found
end

-- How many files the CMS has to fetch for *send*; what goes by its fileId it has.
local function imports_of(send)
  local found = 0
  for _, entry in ipairs(send) do
    if entry.type == 'richtext' then
      found = found + times(entry.value, '<img')
    elseif FILES[entry.type] and not (entry['repair'] and entry.file) then
      local named = times(entry.value, '"fileId"')
      found = found + math.max(0, times(entry.value, '[hH][tT][tT][pP][sS]?://') - named)
    end
  end
  return found
end

-- room: files that one request may import   taken: those of this one
-- *dest*: what is held of the destination.
local function import_turn(dest)
  local each = tonumber(dest.import_ms) or ONE_MS
  return {each = each, room = math.max(1, math.floor(FETCHED_MS / math.max(1, each))), taken = 0,
    imported = dest.imported}
end

-- Whether another one may go now. Only what has files to import asks: most claims carry none.
local function may_import(turn, flight)
  if turn.free == nil then
    local files = flight .. ':files'
    redis.call('ZREMRANGEBYSCORE', files, '-inf', now)
    -- By v1 each request imports the files of one item: more of them at once take no longer.
    local most = request.batch == 1 and turn.each < LONG_MS and math.max(1, request.flights - 1) or 1
    turn.free = not turn.imported and redis.call('ZINTERCARD', 2, flight, files) < most
  end
  return turn.free
end

-- It leaves the way to what is due behind it. *due*: how many there are.
local function postpone_import(item, due)
  local ms = math.min(10000, math.max(500, due))
  set(item, 'due', now + ms)
  sooner(now + ms)
end

-- The others have had their turn, or there are none.
local function end_turn(dest_key, turn)
  if turn.imported then redis.call('HDEL', dest_key, 'imported') end
end

local function note_import(dest_key, flight, turn)
  if turn.taken == 0 then return end_turn(dest_key, turn) end
  redis.call('ZADD', flight .. ':files', now + CLAIM_MS, request.token)
end

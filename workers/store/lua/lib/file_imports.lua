-- Shared: requests that import files. The CMS fetches each file before it answers, so that a batch of
-- many takes longer than anybody waits: they carry as many as are fetched in time, and while one is
-- on its way, or was just now, everything else goes first.
-- instep:flight:<name>:files  sorted set: those of the flights that import
-- instep:destination:<name>  import_ms: what one file takes, as last learned; imported: a request that took
--   long has ended, and the turn is the others'
--! uses calls step items file_types listing_schedule

local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local file_imports = {}
local FETCHED_MS = 7000   -- half of the time that a request has (workers/webflow/client.py)

local ONE_MS = 3500      -- that a file takes, until anything is known
local LONG_MS = 2000

local function count_matches(text, pattern)
  local _, found = string.gsub(text, pattern, '')
  return found
end

-- How many files the CMS has to fetch for *send*; what goes by its fileId it has.
function file_imports.count_files(send)
  local found = 0
  for _, entry in ipairs(send) do
    if entry.type == 'richtext' then
      found = found + count_matches(entry.value, '<img')
    elseif file_types.IMPORTED[entry.type] and not ((entry['repair'] or entry.same) and entry.file) then
      local named = count_matches(entry.value, '"fileId"')
      found = found + math.max(0, count_matches(entry.value, '[hH][tT][tT][pP][sS]?://') - named)
    end
  end
  return found
end

-- room: files that one request may import   taken: those of this one
-- till: ms until which the claim postpones others, if it does
-- *dest*: what is held of the destination. *till*: of the step before.
function file_imports.turn_of(dest, till)
  local each = tonumber(dest.import_ms) or ONE_MS
  return {each = each, room = math.max(1, math.floor(FETCHED_MS / math.max(1, each))), taken = 0,
    imported = dest.imported, till = till}
end

-- Whether another one may go now. Only what has files to import asks: most claims carry none.
function file_imports.may_import(turn, flight)
  if turn.free == nil then
    local files = flight .. ':files'
    redis.call('ZREMRANGEBYSCORE', files, '-inf', now)
    -- By v1 each request imports the files of one item: more of them at once take no longer.
    local most = request.batch == 1 and turn.each < LONG_MS and math.max(1, request.flights - 1) or 1
    turn.free = not turn.imported and redis.call('ZINTERCARD', 2, flight, files) < most
  end
  return turn.free
end

-- It leaves the way to what is due behind it. *due*: how many there are. All that the steps of a claim
-- postpone is due at one time: it goes together then.
function file_imports.postpone(item, turn, due)
  if not turn.till or turn.till <= now then turn.till = now + math.min(10000, math.max(500, due)) end
  items.set(item, 'due', turn.till)
  listing_schedule.note_due(turn.till)
end

-- The others have had their turn, or there are none.
function file_imports.end_turn(dest_key, turn)
  if turn.imported then redis.call('HDEL', dest_key, 'imported') end
end

function file_imports.begin(dest_key, flight, turn)
  if turn.taken == 0 then return file_imports.end_turn(dest_key, turn) end
  redis.call('ZADD', flight .. ':files', now + step.CLAIM_MS, request.token)
end

-- A request for *files* files has taken *ms*. Quick to rise: the import is in vain where the request times
-- out before.
function file_imports.learn(dest_key, files, ms)
  if files == 0 then return end
  local each = tonumber(redis.call('HGET', dest_key, 'import_ms')) or ONE_MS
  redis.call('HSET', dest_key, 'import_ms', math.ceil(math.max(ms / files, each / 8)))
  if ms >= LONG_MS then redis.call('HSET', dest_key, 'imported', 1) end
end

return file_imports

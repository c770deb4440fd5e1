--! flags allow-oom
-- rewrite_stream: copies a stream, piece by piece, and at its end puts the copy in its place. XDEL only
-- marks an entry: its bytes stay in memory, and in every file, until all of its node are deleted.
-- ARGV[2]: {key, copy, after, ids, blank}: after: the last entry that was copied, or ''
--   ids, blank: entries, and the values {field: text} that they get; or null
-- Returns {after, done}; after = '': something was deleted meanwhile, and it begins again.
-- Errors: none: a full store does this as well.
--! uses step

local request = step.request

local AT_ONCE, BYTES, LASTS_MS = 5, 65536, 600000

local blanked = {}
for _, id in ipairs(request.ids or {}) do blanked[id] = true end

local function fill_in(pairs)
  for at = 1, #pairs, 2 do pairs[at + 1] = request.blank[pairs[at]] or pairs[at + 1] end
end

local function append(entry)
  if blanked[entry[1]] then fill_in(entry[2]) end
  redis.call('XADD', request.copy, entry[1], unpack(entry[2]))
  local bytes = 64  -- its id, and what stands around it
  for _, text in ipairs(entry[2]) do bytes = bytes + #text end
  return bytes
end

-- Whether all is copied.
local function copy_on()
  local bytes, page = 0, nil
  repeat
    local from = request.after == '' and '-' or '(' .. request.after
    page = redis.call('XRANGE', request.key, from, '+', 'COUNT', AT_ONCE)
    for _, entry in ipairs(page) do
      bytes = bytes + append(entry)
      request.after = entry[1]
    end
  until #page < AT_ONCE or bytes > BYTES
  redis.call('PEXPIRE', request.copy, LASTS_MS)  -- of a run that was killed
  return #page < AT_ONCE
end

-- What fell out at the beginning since it was copied.
local function drop_first()
  local first = redis.call('XRANGE', request.key, '-', '+', 'COUNT', 1)[1]
  if not first then return redis.call('UNLINK', request.copy) end
  for _, entry in ipairs(redis.call('XRANGE', request.copy, '-', '(' .. first[1])) do
    redis.call('XDEL', request.copy, entry[1])
  end
end

local function swap()
  local lasts, old = redis.call('PTTL', request.key), request.copy .. ':old'
  if redis.call('EXISTS', request.key) == 1 then redis.call('RENAME', request.key, old) end
  if redis.call('EXISTS', request.copy) == 1 then
    redis.call('RENAME', request.copy, request.key)
    redis.call('PERSIST', request.key)
    if lasts > 0 then redis.call('PEXPIRE', request.key, lasts) end
  end
  redis.call('UNLINK', old)
end

if not copy_on() then return step.answer({after = request.after, done = false}) end
drop_first()
if redis.call('XLEN', request.copy) ~= redis.call('XLEN', request.key) then
  redis.call('UNLINK', request.copy)
  return step.answer({after = '', done = false})
end
swap()
return step.answer({after = '', done = true})

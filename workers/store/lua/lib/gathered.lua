-- Shared: what the calls of a group (calls.lua) write once for all of them, behind the last one; a call that is
-- alone writes it at once. Nothing of it may be read from the store in between, and nothing that only one of
-- them brings may keep it from being written: a call that is not as it should be is to break off by itself.
--! uses calls redis

local gathered = {}
local waits  -- whether there is a group
local writes, sums = {}, {}  -- functions, each once; of hashes: name → what is added
local last  -- the function behind all
local failed  -- the first error in writing: it is one of all calls of the group, whichever of them met it
calls.on_group(function(_, group)
  waits, last, failed = group ~= nil, nil, nil
  if writes[1] or next(sums) then writes, sums = {}, {} end
end)

function gathered.later(write)
  if not waits then return write() end
  if writes[write] then return end
  writes[write], writes[#writes + 1] = true, write
end

-- Behind all the others, and where all of them could be written.
function gathered.at_last(write)
  if not waits then return write() end
  last = write
end

-- Adds to a number in a hash.
function gathered.add(key, name, by)
  if not waits then return redis.call('HINCRBY', key, name, by) end
  local own = sums[key]
  if not own then
    own = {}
    sums[key] = own
  end
  own[name] = (own[name] or 0) + by
end

local function write_sum(key, name, by) redis.call('HINCRBY', key, name, by) end

local function try(write, ...)
  local ok, raised = pcall(write, ...)
  failed = failed or (not ok and raised)
end

-- Writes what waits. What cannot be written keeps nothing else from it; raises the first error, and so again
-- whenever the group writes.
function gathered.write()
  for n = 1, #writes do try(writes[n]) end
  for key, names in pairs(sums) do
    for name, by in pairs(names) do try(write_sum, key, name, by) end
  end
  local finish = last
  writes, sums, last = {}, {}, nil
  if failed then error(failed, 0) end
  if finish then finish() end
end

return gathered

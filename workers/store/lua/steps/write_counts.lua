-- write_counts: adds what a process has counted, and what it lists, once, however often it is sent.
-- ARGV[2]: {process, number, lasts_ms, counts: [[key, field, by]], entries: [[key, most, lasts_ms, name, value…]]}
--   number: of this write of the process; each is higher than the one before
--   lasts_ms: how long the number is kept after the last write of the process
-- Returns {}.
-- Errors: OOM: the store is full, and nothing was done.
--! uses step

local request = step.request
local key = 'instep:writer:' .. request.process

-- A write whose answer was late may reach the store behind the one that followed it.
if request.number <= tonumber(redis.call('GET', key) or 0) then return '{}' end
redis.call('SET', key, request.number, 'PX', request.lasts_ms)
for _, each in ipairs(request.counts) do redis.call('HINCRBY', unpack(each)) end
for _, each in ipairs(request.entries) do
  redis.call('XADD', each[1], 'MAXLEN', each[2], '*', unpack(each, 4))
  redis.call('PEXPIRE', each[1], each[3])
end
return '{}'

-- The store as a dry run sees it: it reads, and does not write. It takes the name of the store's own
-- table, for the libraries behind it and the step: what the step would do is what it does.
-- ARGV[6]: 'dry', or absent

if ARGV[6] ~= 'dry' then return redis end

local READS = {}
for name in string.gmatch('TIME INFO GET MGET EXISTS HEXISTS HGET HMGET HVALS HLEN HGETALL HKEYS PTTL HSTRLEN SCARD SISMEMBER ZCARD '
  .. 'ZCOUNT ZSCORE ZRANGE ZRANGEBYSCORE', '%a+') do READS[name] = true end

local store = redis
local function call(name, ...)
  if READS[name] then return store.call(name, ...) end
  return 0
end

return {sha1hex = store.sha1hex, call = call}

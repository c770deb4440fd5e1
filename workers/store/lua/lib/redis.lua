-- The store as the call sees it: a dry run reads, and does not write. It takes the name of the store's own
-- table, for all that stands behind it: what the step would do is what it does.
-- ARGV[6]: 'dry', or absent
--! uses calls

local READS = {}
for name in string.gmatch('TIME INFO GET MGET EXISTS HEXISTS HGET HMGET HVALS HLEN HGETALL HKEYS PTTL HSTRLEN SCARD SISMEMBER ZCARD '
  .. 'ZCOUNT ZSCORE ZRANGE ZRANGEBYSCORE', '%a+') do READS[name] = true end

local own = redis
local function read(name, ...)
  if READS[name] then return own.call(name, ...) end
  return 0
end

local redis = {sha1hex = own.sha1hex}
calls.on_begin(function(ARGV)
  local dry = ARGV[6] == 'dry'
  redis.call, redis.pcall = dry and read or own.call, dry and read or own.pcall
end)

return redis

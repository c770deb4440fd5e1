-- Shared, before all others: in a dry run a step reads the store and cannot write to it. It is the
-- same step: what it would do is what it does.
-- ARGV[6]: 'dry', or absent

local redis = redis
if ARGV[6] == 'dry' then
  local store = redis
  local READS = {}
  for name in string.gmatch('TIME INFO GET MGET EXISTS HEXISTS HGET HMGET HVALS HGETALL HKEYS PTTL HSTRLEN SCARD SISMEMBER ZCARD '
    .. 'ZCOUNT ZSCORE ZRANGE ZRANGEBYSCORE', '%a+') do READS[name] = true end
  redis = {sha1hex = store.sha1hex, call = function(name, ...)
    if READS[name] then return store.call(name, ...) end
    return 0
  end}
end

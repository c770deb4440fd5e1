--! flags allow-oom
-- loss: notes that the store may lack what it had acknowledged. From then on no confirmation counts
-- that is older (losses.lua).
-- ARGV[2]: {id, kind, …}: what was lost, as workers/store/losses.py tells it; the same id is noted
-- once.
-- Returns {number}: of the newest loss.
-- Errors: none: a full store does this as well.
--! uses step

local request, now = step.request, step.now

local NOTED_LOSSES = 20

local key = 'instep:losses'
local numbers = {}
local held = redis.call('HGETALL', key)
for i = 1, #held, 2 do
  if cjson.decode(held[i + 1]).id == request.id then return step.answer({number = tonumber(held[i])}) end
  numbers[#numbers + 1] = tonumber(held[i])
end
table.sort(numbers)
for n = 1, #numbers - NOTED_LOSSES + 1 do redis.call('HDEL', key, numbers[n]) end
local number = redis.call('INCR', 'instep:losses:number')
request.at = now
redis.call('HSET', key, number, cjson.encode(request))
redis.call('SET', 'instep:losses:at', now)
return step.answer({number = number})

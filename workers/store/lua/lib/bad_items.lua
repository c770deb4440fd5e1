-- Shared, of claim and settle: which part of the items of refused requests was bad in the last searches of a
-- collection, and so with how many others one goes while a search is on.
-- instep:collection:<collection>  hash: bad, good: items of the last searches, not more than SEEN together

local SEEN = 100
local FEW = 1.5  -- with no more bad ones among them than these, all go together
local FIRST = 10  -- good ones that count before any was seen: a first bad one does not make nearly all bad
local MOST = 0.7  -- of the items: if more are bad, each goes alone
local bad_items = {}

function bad_items.note(collection, bad, good)
  if bad + good == 0 then return end
  local key = 'instep:collection:' .. collection
  local held = redis.call('HMGET', key, 'bad', 'good')
  bad, good = bad + (tonumber(held[1]) or 0), good + (tonumber(held[2]) or 0)
  local kept = math.min(1, SEEN / (bad + good))
  redis.call('HSET', key, 'bad', string.format('%.3f', bad * kept), 'good', string.format('%.3f', good * kept))
end

-- So many of *total* items of which nothing is known go together, that they are taken every other time; nil:
-- all of them may. *held*: the hash.
function bad_items.group_of(held, total)
  local bad = tonumber(held.bad) or 0
  local share = math.min(MOST, bad / (bad + (tonumber(held.good) or 0) + FIRST))
  if share * total <= FEW then return nil end
  return math.max(1, math.floor(math.log(0.5) / math.log(1 - share) + 0.5))
end

return bad_items

-- Shared: arrival numbers. One counter gives them, but to what is accepted in slices (sliced_deliveries.lua):
-- its delivery was given as many as it can need when it came, so that what came later is later.

local arrivals = {}  -- one table, for a script has 200 names at most
-- read: the last that was given   reserved: {arrival: the last that was used; came, came_ms: when its delivery came}

function arrivals.next()
  local reserved = arrivals.reserved
  if reserved then
    reserved.arrival = reserved.arrival + 1
    return reserved.arrival
  end
  local number = redis.call('INCR', 'instep:arrival')
  if number > 0 then arrivals.read = number end  -- 0: redis.lua
  return number
end

function arrivals.last()
  if arrivals.reserved then return arrivals.reserved.arrival end
  arrivals.read = arrivals.read or tonumber(redis.call('GET', 'instep:arrival') or 0)
  return arrivals.read
end

return arrivals

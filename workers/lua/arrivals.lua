-- Shared: arrival numbers. One counter gives them, but to what is accepted in slices (lua/sliced.lua):
-- its delivery was given as many as it can need when it came, so that what came later is later.

local arrivals = {}  -- one table, for a script has 200 names at most
-- reserved: {arrival: the last that was used; came, came_ms: when its delivery came}

function arrivals.next()
  if not arrivals.reserved then return redis.call('INCR', P .. 'arrival') end
  arrivals.reserved.arrival = arrivals.reserved.arrival + 1
  return arrivals.reserved.arrival
end

function arrivals.last()
  return arrivals.reserved and arrivals.reserved.arrival or tonumber(redis.call('GET', P .. 'arrival') or 0)
end

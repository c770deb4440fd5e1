-- Shared: arrival numbers. One counter gives them, but to what is accepted in slices (sliced_deliveries.lua):
-- its delivery was given as many as it can need when it came, so that what came later is later.
--! uses calls

local arrivals = {}
-- read: the last that was given   reserved: {arrival: the last that was used; came, came_ms: when its delivery came}
calls.on_begin(function()
  arrivals.read, arrivals.reserved = nil, nil
  arrivals.spooled, arrivals.us, arrivals.ms = nil, nil, nil  -- version_order.lua
end)

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

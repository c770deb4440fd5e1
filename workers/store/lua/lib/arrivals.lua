-- Shared: arrival numbers. One counter gives them, but to what is accepted in slices (sliced_deliveries.lua):
-- its delivery was given as many as it can need when it came, so that what came later is later.
--! uses calls step

local arrivals = {}
local expected, ahead  -- of this step: numbers that it may need; and those of them that are taken and not yet given
-- read: the last that was given   reserved: {arrival: the last that was used; came, came_ms: when its delivery came}
calls.on_begin(function()
  arrivals.read, arrivals.reserved = nil, nil
  expected, ahead = 1, 0
  arrivals.spooled, arrivals.us, arrivals.ms = nil, nil, nil  -- version_order.lua
end)

-- Up to *number* are likely to be needed: they are taken at once.
function arrivals.expect(number) expected = math.max(1, number) end

function arrivals.next()
  local reserved = arrivals.reserved
  if reserved then
    reserved.arrival = reserved.arrival + 1
    return reserved.arrival
  end
  if ahead > 0 then
    ahead = ahead - 1
    arrivals.read = arrivals.read + 1
    return arrivals.read
  end
  local last = redis.call('INCRBY', 'instep:arrival', expected)
  if last == 0 then return 0 end  -- redis.lua
  arrivals.read, ahead, expected = last - expected + 1, expected - 1, 1
  return arrivals.read
end

-- What was taken and not needed: the next step gives it.
function arrivals.give_back()
  if ahead > 0 then redis.call('INCRBY', 'instep:arrival', -ahead) end
  ahead = 0
end

function arrivals.last()
  if arrivals.reserved then return arrivals.reserved.arrival end
  arrivals.read = arrivals.read or tonumber(step.arrival or redis.call('GET', 'instep:arrival') or 0)
  return arrivals.read
end

return arrivals

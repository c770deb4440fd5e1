-- Shared: arrival numbers. One counter gives them, but to what is accepted in slices (sliced_deliveries.lua):
-- its delivery was given as many as it can need when it came, so that what came later is later.
--! uses calls step gathered

local arrivals = {}
local expected, ahead  -- numbers that may be needed; those of them that are taken and not yet given
local alike  -- calls that are likely to need as many: this one, and those of its group behind it; nil: it is alone
-- read: the last that was given; nil: it is not known
-- reserved: {arrival: the last that was used; came, came_ms: when its delivery came}
calls.on_group(function() arrivals.read, ahead = nil, 0 end)
calls.on_begin(function(_, group)
  arrivals.reserved = nil
  expected, alike = 1, group and group.size - group.number + 1 or nil
  arrivals.spooled, arrivals.us, arrivals.ms = nil, nil, nil  -- version_order.lua
end)

-- This call is likely to need up to *number*: they are taken at once.
function arrivals.expect(number) expected = math.max(1, number) * (alike or 1) end

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
  if alike then gathered.later(arrivals.give_back) end  -- also where this call breaks off
  arrivals.read, ahead, expected = last - expected + 1, expected - 1, 1
  return arrivals.read
end

-- What was taken and not needed: the next call gives it.
function arrivals.give_back()
  if ahead > 0 then redis.call('INCRBY', 'instep:arrival', -ahead) end
  ahead = 0
end

-- Takes *number* for a delivery that is accepted in slices; returns the last before them.
function arrivals.reserve(number)
  arrivals.give_back()
  arrivals.read = redis.call('INCRBY', 'instep:arrival', number)
  return arrivals.read - number
end

function arrivals.last()
  if arrivals.reserved then return arrivals.reserved.arrival end
  arrivals.read = arrivals.read or tonumber(step.arrival or redis.call('GET', 'instep:arrival') or 0)
  return arrivals.read
end

return arrivals

-- Shared, of accept, before all that reads the request: where a delivery is to go on (sliced_deliveries.lua)
-- the request is the one that it came by, with some of its events.
-- request.sliced: the name of the delivery
--! uses calls step arrivals

local given = step.given
local request
local sliced_request = {}  -- now: the delivery that goes on

function sliced_request.key(name) return 'instep:sliced:' .. name end

-- The raw body, read when it is needed: mostly it is not.
function sliced_request.body()
  local own = sliced_request.now
  if not own then return step.ARGV[3] end
  own.body = own.body or redis.call('GET', sliced_request.key(own.name) .. ':body')
  return own.body
end

local function load_sliced(name)
  local key = sliced_request.key(name)
  local held = step.hash(key)
  if not held or not held.head then return end
  local token = request.token
  for key in pairs(request) do request[key] = nil end
  for key, value in pairs(cjson.decode(held.head)) do request[key] = value end
  request.token, request.sliced = token, name
  request.events = cjson.decode(redis.call('LINDEX', key .. ':events', 0) or '[]')
  held.name, held.last = name, redis.call('LLEN', key .. ':events') <= 1
  held.number = tonumber(held.number)
  arrivals.reserved = {arrival = tonumber(held.arrival), came = held.came, came_ms = tonumber(held.came_ms)}
  sliced_request.now = held
end

calls.on_begin(function()
  request, sliced_request.now = step.request, nil
  if given(request.sliced) then load_sliced(request.sliced) end
end)

return sliced_request

-- Shared, of accept: the hashed ids of the events that gave a field its value at one version.
--! uses calls

local version_events = {outlived = {}}
local EVENTS = 200  -- ids kept of one version, 16 characters each; older repeats the seen ids tell

function version_events.has(held, id)
  return id and string.find(' ' .. (held.events or '') .. ' ', ' ' .. id .. ' ', 1, true) ~= nil
end

-- Ids that a field holds no more, since too many others have its version.
calls.on_begin(function()
  if version_events.outlived[1] then version_events.outlived = {} end
end)

-- The event ids of a value that takes the place of *held*.
function version_events.at(held, version, id)
  if not held or held.version ~= version or not held.events then return id end
  if not id or version_events.has(held, id) then return held.events end
  local all = held.events .. ' ' .. id
  for one in string.gmatch(string.sub(all, 1, -EVENTS * 17 - 1), '%S+') do version_events.outlived[#version_events.outlived + 1] = one end
  return string.sub(all, -EVENTS * 17)
end

return version_events

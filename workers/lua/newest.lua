-- Shared: whether a value takes the place of the one that is held.
--
-- f, h of a field: number of the kept delivery of its value, and the place of its event in it. An
-- event that runs again comes where it came: over an older version; at the same version over its own
-- value, and over that of what its source sent before it; and over nothing else.

local EVENTS = 200  -- ids kept of one version, 16 characters each; older repeats the seen ids tell
local LATER = {live = true, fetched = true}  -- modes in which the later of two equals wins

local function wins_ties(event) return LATER[request.mode] and not given(event.again) end

local function has_event(held, id)
  return id and string.find(' ' .. (held.e or '') .. ' ', ' ' .. id .. ' ', 1, true) ~= nil
end

-- The event ids of a value that takes the place of *held*.
local function events_at(held, version, id)
  if not held or held.r ~= version or not held.e then return id end
  if not id or has_event(held, id) then return held.e end
  return string.sub(held.e .. ' ' .. id, -EVENTS * 17)
end

-- The event that runs again has given the value that is held.
local function gave(held, again)
  return held ~= nil and held.o == request.source and held.f == again.number and held.h == again.place
end

local function came_before(held, again)
  if held.o ~= request.source or not held.f then return false end
  return held.f < again.number or (held.f == again.number and held.h < again.place)
end

-- Without a time of its own a change is of when it came, and later than what it is compared with.
local function arrival_version(item, slug, again)
  if again and gave(item.fields[slug], again) then return item.fields[slug].r end
  local version = again and tonumber(string.sub(again.came, 2)) or now_us
  for name, field in pairs(item.fields) do
    local compared = slug == GONE or name == slug or name == GONE
    if compared and (not again or came_before(field, again)) then
      version = math.max(version, tonumber(string.sub(field.r, 2)) + 1)
    end
  end
  return string.format('t%017.0f', version)
end

-- Whether a value takes the place of the one that is held.
local function wins(held, version, event)
  if not held or version > held.r then return true end
  if version < held.r then return false end
  local again = given(event.again)
  if again and gave(held, again) then return true end
  if has_event(held, given(event.id)) then return false end
  return wins_ties(event) or (again ~= nil and came_before(held, again))
end

-- Whether a value is new to its item: a retirement is compared with all that is held of it.
local function is_news(item, slug, version, event)
  local gone, again = item.fields[GONE], given(event.again)
  if gone and not wins(gone, version, event) then return false end
  if slug ~= GONE then return wins(item.fields[slug], version, event) end
  for name, field in pairs(item.fields) do
    if name ~= GONE and version <= field.r then
      local later = wins_ties(event)
        or (again and (gave(field, again) or came_before(field, again)))
      if version < field.r or not later then return false end
    end
  end
  return true
end

-- Running again, an event gives what it gave.
local function gives_the_same(held, version, event, value, kind)
  local again = given(event.again)
  return again and gave(held, again) and version == held.r and value == held.v and kind == held.t
end

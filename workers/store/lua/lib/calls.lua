-- What is of one call alone. The functions of all files are made once, and serve every call after that:
-- whatever a library keeps from one line to the next is set anew as a call begins whose step uses it.
-- Calls that share a round trip (accept_several.lua) are a group, any other call is one of its own: what a
-- library knows of the store for longer than one of them is set anew as a group begins.

local begins, own = {}, nil  -- by library, in the order of the libraries; of the one that is made now

local function library(name)
  own = {name = name, call = {}, group = {}}
  begins[#begins + 1] = own
end

local function on_begin(set) own.call[#own.call + 1] = set end

local function on_group(set) own.group[#own.group + 1] = set end

local function sets_of(names, kind)
  local sets = {}
  for _, one in ipairs(begins) do
    for _, set in ipairs(names[one.name] and one[kind] or {}) do sets[#sets + 1] = set end
  end
  return sets
end

-- The function of a step that uses *names*, a set of libraries; what it does then: *run*. It is given what
-- the calls of a group have in common: standing: parts of each request; size: how many there are; number: of
-- the call; begun: what is of the group is set.
local function step(names, run)
  local group_sets, call_sets = sets_of(names, 'group'), sets_of(names, 'call')
  return function(ARGV, group)
    if not (group and group.begun) then
      for n = 1, #group_sets do group_sets[n](ARGV, group) end
      if group then group.begun = true end
    end
    for n = 1, #call_sets do call_sets[n](ARGV, group) end
    return run(ARGV)
  end
end

return {library = library, on_begin = on_begin, on_group = on_group, step = step}

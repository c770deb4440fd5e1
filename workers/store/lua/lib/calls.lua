-- What is of one call alone. The functions of all files are made once, and serve every call after that:
-- whatever a library keeps from one line to the next is set anew as a call begins whose step uses it.

local begins, own = {}, nil  -- by library, in the order of the libraries; of the one that is made now

local function library(name)
  own = {}
  begins[#begins + 1] = {name = name, sets = own}
end

local function on_begin(set) own[#own + 1] = set end

-- The function of a step that uses *names*, a set of libraries; what it does then: *run*.
local function step(names, run)
  local sets = {}
  for _, one in ipairs(begins) do
    for _, set in ipairs(names[one.name] and one.sets or {}) do sets[#sets + 1] = set end
  end
  return function(ARGV)
    for n = 1, #sets do sets[n](ARGV) end
    return run(ARGV)
  end
end

return {library = library, on_begin = on_begin, step = step}

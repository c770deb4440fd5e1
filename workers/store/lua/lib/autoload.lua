-- A library on demand: until something of it is first looked up it holds its loader alone, at [1],
-- where no name of a library can be.

local loader = {__index = function(library, name)
  setmetatable(library, nil)
  for key, value in pairs(library[1]()) do library[key] = value end
  return library[name]
end}

return function(load) return setmetatable({load}, loader) end

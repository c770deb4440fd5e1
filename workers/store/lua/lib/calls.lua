-- What is of one call alone. The functions of all files are made once, and serve every call after that:
-- whatever they keep from one line to the next is set anew as a call begins, in the order of the libraries.

local begins = {}

local function on_begin(set) begins[#begins + 1] = set end

local function begin(ARGV)
  for n = 1, #begins do begins[n](ARGV) end
end

return {on_begin = on_begin, begin = begin}

-- accept_several: takes deliveries that share a round trip, one behind the other, each like accept.
-- ARGV[2]: {name: value}: parts of each request
-- Then of each delivery what accept has as ARGV[2] to ARGV[5].
-- Returns {answer, …}: that of each, or what it raised: those behind it were taken all the same.
-- Errors: OOM: the store is full, and nothing was done. What is written once for all could not be: none of
-- the answers is remembered.
--! uses gathered

local group, answers = {standing = cjson.decode(ARGV[2]), size = (#ARGV - 2) / 4, number = 0}, {}
for n = 3, #ARGV, 4 do
  group.number = group.number + 1
  local ok, answer = pcall(steps.accept, {ARGV[1], ARGV[n], ARGV[n + 1], ARGV[n + 2], ARGV[n + 3]}, group)
  if not ok then
    -- What those behind it would know of the store may be half of what it has done: they read it anew.
    gathered.write()
    group.begun = false
    answer = {err = type(answer) == 'table' and answer.err or 'ERR ' .. tostring(answer)}
  end
  answers[group.number] = answer
end
gathered.write()
return answers

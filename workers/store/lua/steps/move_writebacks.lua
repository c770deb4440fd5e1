--! flags allow-oom
-- move_writebacks: what a write-back that instep.toml has no more was to tell is told by another one, or dropped:
-- some of its records.
-- ARGV[2]: {token, name, to, collection, most}   to: null: it is dropped; else a write-back of *collection*, as
--   *name* was
-- Returns {done, left}: records; left: of which something is kept still
-- Errors: none: a full store does this as well.
--! uses step writebacks writeback_moves

local request, given = step.request, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end

local name, to = request.name, given(request.to)
local records, done = writebacks.records(name), 0
for _, record in ipairs(redis.call('HRANDFIELD', records, request.most)) do
  done = done + 1
  if to then writeback_moves.move(name, record, to, record) else writeback_moves.drop(name, record) end
end
if to and done > 0 then writebacks.register(to, request.collection) end
local left = redis.call('HLEN', records)
if left == 0 then
  redis.call('DEL', writebacks.due(name), writebacks.target(name))
  redis.call('SREM', 'instep:writebacks', name)
end
return step.answer({done = done, left = left})

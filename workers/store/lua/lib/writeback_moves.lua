-- Shared: what is to be told of a record becomes that of another record (merge.lua), or of another write-back
-- (move_writebacks.lua).
--! uses calls step writebacks dead_letters

local now
calls.on_begin(function() now = step.now end)
local writeback_moves = {}

-- Of two entries the later one stands; what was claimed is told once more: the answer to its claim finds it no more.
local function joined(one, other)
  for _, entry in ipairs({one, other}) do
    if entry.token then writebacks.take_newer(entry, false) end
    if entry.letter then dead_letters.close(entry.letter, 'superseded') end
    entry.letter = nil
  end
  if tonumber(other.sequence) > tonumber(one.sequence) then one, other = other, one end
  one.event = writebacks.merged(other.event, one.event)
  return one
end

-- Under the key that it came by. Returns whether there was anything.
function writeback_moves.move(name, record, to_name, to_record)
  local entry = writebacks.load(name, record)
  if not entry then return false end
  local held, at = writebacks.load(to_name, to_record), redis.call('ZSCORE', writebacks.due(name), record)
  writebacks.remove(name, record)
  if record ~= to_record then entry.key = entry.key or record end
  if held then
    entry, at = joined(held, entry), now
  elseif entry.token then
    writebacks.take_newer(entry, false)
  end
  if entry.letter then redis.call('HSET', 'instep:letter:' .. entry.letter, 'record', to_record, 'writeback', to_name) end
  writebacks.save(to_name, to_record, entry, at or nil)
  return true
end

-- It is never told.
function writeback_moves.drop(name, record)
  local entry = writebacks.load(name, record)
  if entry and entry.letter then dead_letters.close(entry.letter, 'discarded') end
  writebacks.remove(name, record)
end

return writeback_moves

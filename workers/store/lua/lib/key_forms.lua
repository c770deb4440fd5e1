-- Shared: in which forms the CMS holds keys, as listings show them. A filter finds a key in its normal
-- form alone, so that it can say that one is not there only where no item has its key in another.
-- In the hash of the index (listing_schedule.lua):
--   plain     the whole was listed, and neither it nor anything since has shown an odd form
--   odd       ms at which one was seen last: padded, say, or not in NFC
--   numeric   ms at which a number was seen last, which is odd where the field holds text
--! uses calls step

local request, now
calls.on_begin(function() request, now = step.request, step.now end)

-- A listing that began at *started* has shown the whole: where all keys were in their normal form,
-- filters can say that one is not there.
local function note_plain(index, started)
  local held = redis.call('HMGET', index, 'odd', 'numeric')
  for i, name in ipairs({'odd', 'numeric'}) do
    if held[i] and tonumber(held[i]) < started then
      redis.call('HDEL', index, name)
      held[i] = false
    end
  end
  if not held[1] then redis.call('HSET', index, 'plain', 1) end
end

-- A page may have keys in other forms: odd ones, and numbers, which are odd where the field holds text.
local function note_page(index)
  if request.odd then
    redis.call('HSET', index, 'odd', now)
    redis.call('HDEL', index, 'plain')
  end
  if request.numeric then redis.call('HSET', index, 'numeric', now) end
end

return {note_plain = note_plain, note_page = note_page}

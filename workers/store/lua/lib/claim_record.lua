-- Shared: what an item remembers of the request that takes it.
--! uses step items write_history item_status retirement_request

local now = step.now

-- Returns slug → arrival number of what the request carries; *how*: {token, create, retires, look}.
local function save_claim(how, pick)
  local item, held = pick.item, {}
  for _, field in ipairs(how.look and {} or pick.send) do
    held[field.slug] = field.arrival
    -- From here on nobody knows what the CMS holds; only this claim's settle says it again.
    item.fields[field.slug].confirmed = nil
    write_history.note_sent(item.fields[field.slug])
    items.touch(item, field.slug)
  end
  items.set(item, 'claim', cjson.encode({token = how.token, at = now, till = now + step.CLAIM_MS,
    fields = held, create = how.create or nil, retire = how.retires,
    rest = pick.to and pick.to.rest}))
  if not how.look then
    retirement_request.note_sent(item, held, how.retires, pick.status)
    items.set(item, 'tried', now)
    -- Once: whatever comes of it, what is still pending is written first.
    if not how.create then items.set(item, 'publish', nil) end
  end
  item_status.count_not_live(item)
  items.schedule(item)
  items.save(item)
  return held
end

return {save_claim = save_claim}

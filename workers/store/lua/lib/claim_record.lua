-- Shared: what an item remembers of the request that takes it.
--! uses step items write_history item_status retirement_request

local request, now = step.request, step.now
local RETIRES = {unpublish = 'unpublish', delete = 'delete'}

-- Returns slug → arrival number of what a request of *kind* carries.
local function save_claim(kind, pick)
  local item, held = pick.item, {}
  for _, field in ipairs(kind == 'look' and {} or pick.send) do
    held[field.slug] = field.arrival
    -- From here on nobody knows what the CMS holds; only this claim's settle says it again.
    item.fields[field.slug].confirmed = nil
    write_history.note_sent(item.fields[field.slug])
    items.touch(item, field.slug)
  end
  local claim = {token = request.token, at = now, till = now + step.CLAIM_MS, fields = held,
    create = kind == 'create' or nil, retire = RETIRES[kind], rest = pick.to and pick.to.rest}
  items.set(item, 'claim', cjson.encode(claim))
  if kind ~= 'look' then
    retirement_request.note_sent(item, held, kind, pick.status)
    items.set(item, 'tried', now)
    -- Once: whatever comes of it, what is still pending is written first.
    if kind ~= 'create' then items.set(item, 'publish', nil) end
  end
  item_status.count_not_live(item)
  items.schedule(item)
  items.save(item)
  return held
end

return {save_claim = save_claim}

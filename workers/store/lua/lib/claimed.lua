-- Shared: what an item remembers of the request that takes it.

-- Returns slug → arrival number of what the request carries; *how*: {token, create, retires, look}.
local function hold_for(how, pick)
  local item, held = pick.item, {}
  for _, field in ipairs(how.look and {} or pick.send) do
    held[field.slug] = field.arrival
    -- From here on nobody knows what the CMS holds; only this claim's settle says it again.
    item.fields[field.slug].c = nil
    note_sent(item.fields[field.slug])
    touch(item, field.slug)
  end
  set(item, 'claim', cjson.encode({token = how.token, at = now, till = now + CLAIM_MS,
    fields = held, create = how.create or nil, retire = how.retires,
    rest = pick.to and pick.to.rest}))
  if not how.look then
    note_retiring(item, held, how.retires, pick.status)
    set(item, 'tried', now)
    -- Once: whatever comes of it, what is still pending is written first.
    if not how.create then set(item, 'publish', nil) end
  end
  count_not_live(item)
  schedule(item)
  save(item)
  return held
end

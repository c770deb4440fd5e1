-- Shared: what of an item its next request carries, where it is to be retired.
--! uses calls step items item_schedule retirements requests

local request, now
calls.on_begin(function() request, now = step.request, step.now end)

-- The request that an item whose record is gone takes for itself; nil: a PATCH shows it.
local function own_request(gone, status)
  -- What is not live may be refused, with all that goes with it; a PATCH shows whether it is by now.
  local unpublished = status and status.published == ''
  if gone.value == '"delete"' then
    -- Whether what is deleted leaves the site at once, or with its next publish, is not documented.
    return request.live and not gone.unpublished and not unpublished and 'unpublish' or 'delete'
  end
  if unpublished and not gone.live_variant then return nil end
  if gone.value == '"unpublish"' then return not gone.unpublished and 'unpublish' or nil end
  -- Since 2025 a draft is no longer taken from the site; unpublished, it is made one.
  return gone.value == '"draft"' and request.live and 'unpublish' or nil
end

-- What a retirement changes only the status before it tells, and an editor may have changed that since
-- it was seen. Of what is deleted it matters only where the deletion fails.
local function is_to_be_read(gone, status)
  return not gone.requests and (not status or gone.value ~= '"delete"')
end

-- Returns what is sent of *item*, how (requests.lua), and whether it has options.
local function request_of(item, status)
  if item_schedule.after_hold(item, now) > now then return nil end
  local send, files, options = requests.fields_to_send(item)
  if not send then return nil end
  if item.meta.look then return send, requests.how('look', false, item.meta.look), false end
  local gone = items.in_force(item)
  for _, field in ipairs(gone and send or {}) do
    if field.slug == items.GONE then
      if not item.meta.looked and is_to_be_read(gone, status) then
        return send, requests.how('look', false, 'status'), false
      end
      local kind = own_request(gone, status)
      if kind then return {field}, requests.how(kind), false end
    end
  end
  return send, requests.how(item.meta.publish and 'publish' or 'update', files), options
end

-- The request for *gone* is the first one, and the item shows *status*: what of it is ours to be taken
-- back. Where nobody knows the status, nothing is. Of a draft that was published before nobody knows
-- whether it is live: it is not published by us.
local function note_changes(gone, status)
  retirements.drop_undone(gone, status)
  local ours, others = gone.flags or {}, false
  for letter, flag in pairs(retirements.FLAG_OF) do
    others = others or (string.find(status.flags, letter, 1, true) and not ours[flag])
  end
  if others then
    gone.was_live = nil
  elseif status.published ~= '' then
    gone.was_live = 1
  elseif not ours._draft then
    gone.was_live = nil
  end
  local letter = gone.value == '"archive"' and 'a' or 'd'
  if not string.find(status.flags, letter, 1, true) then
    ours[retirements.FLAG_OF[letter]] = ours[retirements.FLAG_OF[letter]] or gone.arrival
  end
  gone.flags = next(ours) and ours or nil
end

-- The request is about to be sent: from here on the CMS may show it.
local function note_sent(item, held, kind, status)
  local gone = items.in_force(item)
  if not gone or not held[items.GONE] then return end
  gone.requests = (gone.requests or 0) + 1
  if kind == 'delete' then
    gone.delete_sent = 1
  elseif gone.requests == 1 and status then
    note_changes(gone, status)
  end
  if kind ~= 'unpublish' and retirements.takes_creation_back(gone) then
    gone.flags = gone.flags or {}
    gone.flags._archived = gone.flags._archived or gone.arrival
  end
  items.touch(item, items.GONE)
end

return {request_of = request_of, note_sent = note_sent}

-- Shared: what of an item its next request carries, where it is to be retired.

-- The request that an item whose record is gone takes for itself; nil: a PATCH shows it.
local function own_request(gone, status)
  -- What is not live may be refused, and all that goes with it; a PATCH tells whether it is by now.
  local unpublished = status and status.published == ''
  if gone.v == '"delete"' then
    -- Whether what is deleted leaves the site at once, or with its next publish, nobody says.
    return request.live and not gone.p and not unpublished and 'unpublish' or 'delete'
  end
  if unpublished then return nil end
  if gone.v == '"unpublish"' then return 'unpublish' end
  -- Since 2025 a draft is no longer taken from the site; unpublished, it is made one.
  return gone.v == '"draft"' and request.live and 'unpublish' or nil
end

-- Returns what is sent of *item*, and how; last, why its status is to be read first.
local function request_of(item, status)
  if after_hold(item, now) > now then return nil end
  local send, files, options = fields_to_send(item)
  if not send then return nil end
  if item.meta.look then return send, false, false, nil, item.meta.look end
  local gone = in_force(item)
  for _, field in ipairs(gone and send or {}) do
    if field.slug == GONE then
      -- What a retirement changes is known by what was there before.
      if not status and not item.meta.looked then return send, false, false, nil, 'status' end
      local kind = own_request(gone, status)
      if kind then return {field}, false, false, kind end
    end
  end
  return send, files, options
end

-- Whether the request changes what the item *was* before. Of a draft that has been published before
-- nobody knows whether it is live: it is not published by us.
local function is_changed(was, flag)
  return was and not string.find(was.flags, flag == '_archived' and 'a' or 'd', 1, true)
end

-- The request is about to be sent: from here on the CMS may show it.
local function note_retiring(item, held, kind, status)
  local gone = in_force(item)
  if not gone or not held[GONE] then return end
  gone.S = (gone.S or 0) + 1
  if kind == 'delete' then
    gone.z = 1
  else
    if not gone.u and not gone.B then gone.B = sign_of(status) end
    local flag = gone.v == '"archive"' and '_archived' or '_draft'
    if is_changed(read_status(gone.B), flag) then
      gone.u = gone.u or {}
      gone.u[flag] = gone.u[flag] or gone.a
    end
  end
  touch(item, GONE)
end

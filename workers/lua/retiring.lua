-- Shared: what of an item its next request carries, where it is to be retired.

-- The request that an item whose record is gone takes for itself; nil: a PATCH shows it.
local function own_request(gone)
  if gone.v == '"delete"' then
    -- Whether what is deleted leaves the site at once, or with its next publish, nobody says.
    return request.live and not gone.p and 'unpublish' or 'delete'
  end
  if gone.v == '"unpublish"' then return 'unpublish' end
  -- Since 2025 a draft is no longer taken from the site; unpublished, it is made one.
  return gone.v == '"draft"' and request.live and 'unpublish' or nil
end

local function request_of(item)
  if after_hold(item, now) > now then return nil end
  local send, files, options = fields_to_send(item)
  local gone = in_force(item)
  local kind = send and gone and own_request(gone)
  for _, field in ipairs(kind and send or {}) do
    if field.slug == GONE then return {field}, false, false, kind end
  end
  return send, files, options
end

-- The request is about to be sent: from here on the CMS may show it.
local function note_retiring(item, held, kind)
  local gone = in_force(item)
  if not gone or not held[GONE] then return end
  if kind == 'delete' then
    gone.z = 1
  else
    gone.u = gone.u or {}
    local flag = gone.v == '"archive"' and '_archived' or '_draft'
    gone.u[flag] = gone.u[flag] or gone.a
  end
  touch(item, GONE)
end

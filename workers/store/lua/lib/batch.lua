-- Shared, of claim: which items of a due set go together by one request.

-- What is known of the destination, set by the step before it looks at any item.
local dest, flight, turn
local trial, blind = false, false  -- one request tries whether it is back; a GET has just failed

local picked, shape, room, filled = {}, nil, nil, 0  -- shape: batching.lua; filled: entries
local spare = false  -- passes over items that failed alone, while there are others
local looked = given(request.looked) or 0  -- at so many items, in this step and those before it
local LOOKS = 400  -- items that one claim looks at, in as many steps as that takes
local effort = 0   -- of this step so far, in the units of request.most

-- What it takes to read an item, to hand out a value of it, and to put an item back
-- (workers/store/claims.py).
local EFFORT = {item = 10, value = 3, back = 40}
local function has_done_enough() return effort >= request.most end

local function put_back(item)
  effort = effort + EFFORT.back
  schedule(item)
  save(item)
end

-- What was taken is not sent now. What was done to it meanwhile stands: a value that went into a dead
-- letter would go into another one, and be counted twice.
local function put_back_picked()
  for _, pick in ipairs(picked) do
    if is_altered(pick.item) then put_back(pick.item) end
  end
end

local function consider(set_of, record)
  local collection = set_of.collection
  local item = load_item(collection.name, record)
  looked = looked + 1
  effort = effort + EFFORT.item + item.size
  if spare and item.meta.failed then return end
  if set_of.filler and (item.meta.failed or item.meta.refused) then return end
  if item.meta.claim then
    if live_claim(item) then return put_back(item) end
    expire_claim(item)
  end
  local place = collection.name .. ':' .. collection.index
  local id = item_id(item, collection)
  if id then ignore_on_create(item) end
  local status = id and status_of(place, id)
  local send, files, options, retires, look = request_of(item, status)
  if not send then return put_back(item) end
  local create = not id and collection.create and is_to_be_created(item)
  if id then
    end_creation(item)
  elseif not create then
    look_up_again(item)
    ask_by_filter(collection, item)
  end
  if (not create and not (id and #send > 0)) or (create and bury_incomplete(item)) then
    return put_back(item)
  end
  -- Whether the key of a new item is a number, the schema tells.
  local needed = create or options
  if create then send, files = fields_to_create(item, primary_tag(collection, item)) end
  local known = not (needed or collection.preflight) or schema_known(collection, needed, blind, trial)
  if create and not known then return save(item) end
  if create and waits_whole(item, place) then return put_back(item) end
  if create and not has_room(collection, record) then
    set(item, 'roomless', 1)
    return put_back(item)
  end
  if options and not known then
    send = without_options(send)
    if #send == 0 then return save(item) end
  end
  if id and not (retires or look) then stage_unpublished(item, status) end
  local limit = look == 'alone' and 1 or limit_of(item, send, dest.epoch or '0')
  if collection.single then limit = 1 end
  if create then limit = math.min(limit, collection.create_most or limit) end
  local to
  if not (create or look) then
    send, to = spread(item, collection, id, send, limit, retires)
    if not send then return put_back(item) end
  end
  local own = shape_of(item, limit, files, create, retires, look, to)
  local size = size_of(to, own)
  local imports = look and 0 or imports_of(send) * size
  if imports > 0 and not may_import(turn, flight) then
    looked = looked + 4
    postpone_import(item, set_of.due or 0)
    return put_back(item)
  end
  if shape and (own ~= shape or filled + size > math.min(room, limit)) then
    save(item)
    return
  end
  if filled > 0 and imports > 0 and turn.taken + imports > turn.room then
    room = filled
    return save(item)
  end
  shape, filled, turn.taken = own, filled + size, turn.taken + imports
  room = math.min(room or limit, limit)
  effort = effort + EFFORT.value * #send
  picked[#picked + 1] = {item = item, id = id or '', send = send, limit = limit, status = status, to = to}
end

local function claim_items(set_of)
  local scanned, most = 0, looked + LOOKS
  while looked < most and not has_done_enough() do
    local records = redis.call('ZRANGEBYSCORE', set_of.key, '-inf', now, 'LIMIT', scanned, 100)
    if #records == 0 then break end
    local before = redis.call('ZCOUNT', set_of.key, '-inf', now)
    for _, record in ipairs(records) do
      if (room and filled >= room) or has_done_enough() then return end
      consider(set_of, record)
    end
    -- What left the due set while we looked makes the next page start earlier.
    scanned = scanned + #records - (before - redis.call('ZCOUNT', set_of.key, '-inf', now))
  end
end

-- The room that live changes leave goes to a reconcile: the request costs the same. Not to replays:
-- they may have been refused before.
local function fill_up(set_of)
  if set_of.lane == 'live' and filled < room and may_be_filled(set_of.collection, shape) then
    claim_items({filler = true, collection = set_of.collection,
      key = P .. 'due:' .. set_of.collection.name .. ':reconcile'})
  end
end

-- Shared: what becomes of records whose keys no item has: a letter, ignored, or to be created.
-- request.collection, request.index, request.missing, request.message: as index_page.lua says

local missed, made = 0, 0

-- Whether the values of *item* that wait came before *began*; those that are ahead of the clock did.
local function came_before(item, began)
  for _, field in pairs(item.fields) do
    local came = field.i or field.w or 0
    if field.s == 'pending' and came > began and came <= now then return false end
  end
  return true
end

-- *all*: the listing that began at *started*, ended at *ended*, and did not show it was one of the whole.
-- *due*: when what is to be created may be sent; nil: at once.
local function miss(record, started, all, ended, due)
  local item = load_item(request.collection, record)
  if not came_before(item, ended) then return end
  if item.meta.forgotten and not all then
    -- Its key may have moved to an older item: only a whole listing tells.
    redis.call('HSET', P .. 'index:' .. request.collection .. ':' .. request.index, 'full', 1)
    return
  end
  if request.missing == 'create' then
    local till = doubted_till(item)
    if till and started < till then
      -- A request that creates it may have landed since: the next listing tells.
      save(item)
      return
    end
  end
  local slugs = {}
  for slug, field in pairs(item.fields) do
    if field.s == 'pending' or wants_repair(field) then slugs[#slugs + 1] = slug end
  end
  table.sort(slugs)
  set(item, 'doubt', nil)
  local none = retire_nothing(item, started)
  if none then
    set(item, 'make', nil)
  elseif request.missing == 'create' then
    if not bury_incomplete(item) then
      revive(item, 'kind', 'missing')
      set(item, 'make', started)
      set(item, 'due', math.max(now, due or now))
      made = made + 1
    end
  elseif request.missing == 'ignore' then
    for _, slug in ipairs(slugs) do
      count(item.fields[slug].s, -1)
      count('ignored', 1)
      item.fields[slug].s = 'ignored'
      touch(item, slug)
    end
  else
    bury(item, slugs, {kind = 'missing', message = request.message .. record, absent = true}, nil)
  end
  if not (item.meta.make or none) then missed = missed + 1 end
  redis.call('ZREM', P .. 'lookup:' .. request.collection, record)
  redis.call('ZREM', P .. 'filter:' .. request.collection, record)
  set(item, 'lookup', nil)
  set(item, 'forgotten', nil)
  schedule(item)
  save(item)
  if none then
    rest_without_trace(item)
  elseif not item.meta.make then
    rest_without_item(item)
  end
end

local A_SLICE_MS = 30  -- about, of the sweep's: with as long a pause

-- When what is created is due: once the slices are done, so that requests carry as many as they may.
local function due_together(waiting, started)
  local slices_left = math.ceil(redis.call('ZCOUNT', waiting, '-inf', started) / SLICE)
  return slices_left > 1 and now + math.min(1000, A_SLICE_MS * slices_left) or now
end

-- Decides on some of what waited when the listing of *told* {started, ended, all} began; true: on all
-- of it. What came when that had ended is for the next one.
local function miss_slice(told)
  local waiting = P .. 'lookup:' .. request.collection
  local started = tonumber(told.started)
  told.due = told.due or due_together(waiting, started)
  local records = redis.call('ZRANGEBYSCORE', waiting, '-inf', started, 'LIMIT', 0, SLICE)
  for _, record in ipairs(records) do
    miss(record, started, told.all == '1', tonumber(told.ended), tonumber(told.due))
    -- What stays is passed over from here on.
    redis.call('ZADD', waiting, 'XX', math.max(now, started + 1), record)
  end
  return #records < SLICE
end

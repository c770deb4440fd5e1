#!lua flags=allow-oom
-- forget: erases what is held of one record, or one thing that holds its key; each may be repeated.
-- ARGV[2]: {act, collection, record, places, id, source, fetcher, object, ids, words, problems, entries}
--   act 'record': all that is held of the record itself; places: copies of its index
--       'letter': the dead letter *id*; problems: what it is to tell instead, JSON; entries: those of
--       the record
--       'fetch': the notice of *object*    'kept': of *source*, the deliveries *ids*, and *words* with
--       all deliveries that are packed by them
-- Returns {fields, discarded, gone}.
--! uses state dead_letters raw_bodies left_out fetch_queue delivery_log

local fields, discarded, gone = 0, 0, 0

-- Not closed: a closed letter tells its key as well.
local function drop_letter(id)
  drop_body(id)
  local source = redis.call('HGET', P .. 'letter:' .. id, 'source')
  if source then redis.call('SREM', P .. 'letters:raw:' .. source, id) end
  redis.call('ZREM', P .. 'letters', id)
  redis.call('ZREM', P .. 'letters:closed', id)
  gone = gone + redis.call('DEL', P .. 'letter:' .. id)
end

local function discard_fields(item)
  for _, field in pairs(item.fields) do
    fields = fields + 1
    if field.s == 'pending' or field.s == 'dead' then
      count(field.s, -1)
      count('discarded', 1)
      discarded = discarded + 1
    end
    -- A letter of the CMS is of one item: with it goes the whole letter.
    if field.l then drop_letter(field.l) end
  end
end

local function leave_letters(item)
  for slug, link in pairs(item.left) do
    local key = P .. 'letter:' .. link.l
    remove_entry(key, entry_name(item, slug))
    if is_open(link.l) and entries_of(key) == 0 and redis.call('HEXISTS', key, 'nameless') == 0 then
      drop_letter(link.l)
    end
  end
end

local function leave_sets(item)
  local name = item.collection .. ':' .. item.record
  for _, lane in ipairs(LANES) do
    for _, rest in ipairs({'', ':sought', ':room'}) do
      redis.call('ZREM', P .. 'due:' .. item.collection .. ':' .. lane .. rest, item.record)
    end
  end
  for _, kind in ipairs({'waiting:', 'lookup:', 'filter:'}) do
    redis.call('ZREM', P .. kind .. item.collection, item.record)
  end
  redis.call('SREM', P .. 'not-live:' .. item.collection, item.record)
  for _, set in ipairs({'tombstones', 'resting'}) do redis.call('ZREM', P .. set, name) end
  if redis.call('EXISTS', P .. 'waiters:' .. name) == 0 then
    redis.call('ZREM', P .. 'wanted:' .. item.collection, item.record)
  end
  local collection = P .. 'collection:' .. item.collection
  if redis.call('HGET', collection, 'full_try') == item.record then
    redis.call('HDEL', collection, 'full_try')
  end
end

-- Its item is still in the CMS. Who is listed as a whole is believed to be all there is, and the
-- next event of this key would make a second item: so the whole is listed anew before that.
local function leave_index(record, place)
  local ids = {redis.call('HGET', P .. 'ids:' .. place, record) or record}
  local held = redis.call('HGETALL', P .. 'twins:' .. place)
  for i = 1, #held, 2 do
    if held[i + 1] == record then ids[#ids + 1] = held[i] end
  end
  local found = redis.call('HDEL', P .. 'ids:' .. place, record)
  for _, id in ipairs(ids) do
    for _, kind in ipairs({'keys:', 'twins:', 'born:', 'status:', 'variants:'}) do
      found = found + redis.call('HDEL', P .. kind .. place, id)
    end
    redis.call('SREM', P .. 'listed:' .. place, id)
  end
  if found > 0 then redis.call('HSET', P .. 'index:' .. place, 'full', 1) end
end

local function forget_record()
  local item = load_item(request.collection, request.record)
  discard_fields(item)
  leave_letters(item)
  leave_sets(item)
  for _, place in ipairs(request.places) do leave_index(request.record, place) end
  gone = gone + redis.call('DEL', item.key)
end

-- Of an event that could not be read what belongs to other records stays, without the body.
local function forget_letter(id)
  local key = letter_key(id)
  local held = redis.call('HMGET', key, 'kind', 'collection', 'record')
  local kind, own = held[1], held[2] == request.collection and held[3] == request.record
  if kind and kind ~= 'unmapped' and is_open(id) and not own then return end  -- fields lie in it
  for _, name in ipairs(request.entries) do remove_entry(key, name) end
  if kind == 'unmapped' and is_open(id) and entries_of(key) > 0 then
    drop_body(id)
    redis.call('HSET', key, 'problems', request.problems, 'message', 'erased', 'topic', '')
    gone = gone + 1
  elseif kind then
    drop_letter(id)
  end
end

local function forget_fetch()
  local fetch = fetch_of(request.fetcher, request.source, request.object)
  if not fetch.held then return end
  close_fetch(fetch, 'done')
  gone = 1
end

local function drop_kept(source, state, entry)
  state.bytes = math.max(0, (state.bytes or 0) - drop(P .. 'kept:' .. source, entry))
  gone = gone + 1
end

local function forget_kept(source)
  local state = state_of(source)
  for _, id in ipairs(request.ids) do
    local entry = redis.call('XRANGE', P .. 'kept:' .. source, id, id)[1]
    if entry then drop_kept(source, state, entry) end
  end
  for _, id in ipairs(request.words) do
    local entry = redis.call('XRANGE', P .. 'kept-words:' .. source, id, id)[1]
    if entry then
      state.bytes = math.max(0, state.bytes - drop(P .. 'kept-words:' .. source, entry))
    end
  end
  local first = first_of(P .. 'kept:' .. source)
  state.oldest = first and ms_of(first) or nil
  save_state(source, state)
end

if request.act == 'record' then forget_record()
elseif request.act == 'letter' then forget_letter(request.id)
elseif request.act == 'fetch' then forget_fetch()
elseif request.act == 'kept' then forget_kept(request.source) end
return answer({fields = fields, discarded = discarded, gone = gone})

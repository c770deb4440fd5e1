--! flags allow-oom
-- forget: erases what is held of one record, or one thing that holds its key; each may be repeated.
-- ARGV[2]: {act, collection, record, places, id, source, fetcher, object, ids, words, problems, entries,
--   name, key, blank, text}
--   act 'record': all that is held of the record itself; places: copies of its index
--       'letter': the dead letter *id*; problems: what it is to tell instead, JSON; entries: those of
--       the record
--       'life': *entries* of the life *name*    'undo': the entry *id* of the undo log becomes *text*, or goes
--       'fetch': the notice of *object*
--       'kept': of *source*, the deliveries *ids*, and *words* with
--       all deliveries that are packed by them
--       'blank': fields of the hash *key*; blank: what they are to hold instead
-- Returns {fields, discarded, gone}.
-- Errors: none: a full store does this as well.
--! uses step life_bounds undo_bounds items item_schedule dead_letters letter_groups left_out fetch_queue
--! uses delivery_log held_retirements writebacks

local request = step.request

local fields, discarded, gone = 0, 0, 0

-- Not closed: a closed letter still shows its key.
local function drop_letter(id)
  dead_letters.drop_body(id)
  local source = redis.call('HGET', 'instep:letter:' .. id, 'source')
  if source then redis.call('SREM', 'instep:letters:raw:' .. source, id) end
  redis.call('ZREM', 'instep:letters', id)
  redis.call('ZREM', 'instep:letters:closed', id)
  letter_groups.leave(id)
  gone = gone + redis.call('DEL', 'instep:letter:' .. id)
end

local function discard_fields(item)
  for _, field in pairs(item.fields) do
    fields = fields + 1
    if field.state == 'pending' or field.state == 'dead' then
      step.count(field.state, -1)
      items.count_state(item.collection, field.source, 'discarded')
      discarded = discarded + 1
    end
    -- A letter of the CMS is of one item: with it goes the whole letter.
    if field.letter then drop_letter(field.letter) end
  end
end

local function discard_held(item)
  if not item.meta.held then return end
  held_retirements.leave(item, 'discarded')
  fields, discarded = fields + 1, discarded + 1
end

local function leave_letters(item)
  for slug, link in pairs(item.left) do
    local key = 'instep:letter:' .. link.letter
    left_out.remove_entry(key, left_out.entry_name(item, slug))
    if left_out.is_open(link.letter) and left_out.entries_of(key) == 0 and redis.call('HEXISTS', key, 'nameless') == 0 then
      drop_letter(link.letter)
    end
  end
end

local function leave_sets(item)
  local name = item.collection .. ':' .. item.record
  item_schedule.remove(item)
  redis.call('SREM', 'instep:not-live:' .. item.collection, item.record)
  for _, set in ipairs({'unpublished', 'unpublished-since'}) do
    redis.call('ZREM', 'instep:' .. set .. ':' .. item.collection, item.record)
  end
  redis.call('HDEL', 'instep:unpublished-of:' .. item.collection, item.record)
  redis.call('SREM', 'instep:unpublished-held:' .. item.collection, item.record)
  for _, set in ipairs({'tombstones', 'resting'}) do redis.call('ZREM', 'instep:' .. set, name) end
  if redis.call('EXISTS', 'instep:waiters:' .. name) == 0 then
    redis.call('ZREM', 'instep:wanted:' .. item.collection, item.record)
  end
  local collection = 'instep:collection:' .. item.collection
  if redis.call('HGET', collection, 'full_try') == item.record then
    redis.call('HDEL', collection, 'full_try')
  end
end

-- Its item is still in the CMS. Who is listed as a whole is believed to be all there is, and the
-- next event of this key would make a second item: so the whole is listed anew before that.
local function leave_index(record, place)
  local ids = {redis.call('HGET', 'instep:ids:' .. place, record) or record}
  local held = redis.call('HGETALL', 'instep:twins:' .. place)
  for i = 1, #held, 2 do
    if held[i + 1] == record then ids[#ids + 1] = held[i] end
  end
  local found = redis.call('HDEL', 'instep:ids:' .. place, record)
  for _, id in ipairs(ids) do
    for _, kind in ipairs({'keys:', 'twins:', 'born:', 'status:', 'variants:'}) do
      found = found + redis.call('HDEL', 'instep:' .. kind .. place, id)
    end
    redis.call('SREM', 'instep:listed:' .. place, id)
  end
  if found > 0 then redis.call('HSET', 'instep:index:' .. place, 'full', 1) end
end

local function forget_record()
  local item = items.load(request.collection, request.record)
  discard_fields(item)
  discard_held(item)
  leave_letters(item)
  leave_sets(item)
  for _, place in ipairs(request.places) do leave_index(request.record, place) end
  gone = gone + redis.call('DEL', item.key) + writebacks.forget(request.collection, request.record)
  if life_bounds.erase(item.collection .. ':' .. item.record) then gone = gone + 1 end
end

-- Of an event that could not be read what belongs to other records stays, without the body.
local function forget_letter(id)
  local key = left_out.letter_key(id)
  local held = redis.call('HMGET', key, 'kind', 'collection', 'record')
  local kind, own = held[1], held[2] == request.collection and held[3] == request.record
  if kind and kind ~= 'unmapped' and left_out.is_open(id) and not own then return end  -- fields lie in it
  for _, name in ipairs(request.entries) do left_out.remove_entry(key, name) end
  if kind == 'unmapped' and left_out.is_open(id) and left_out.entries_of(key) > 0 then
    dead_letters.drop_body(id)
    redis.call('HSET', key, 'problems', request.problems, 'message', 'erased', 'topic', '')
    gone = gone + 1
  elseif kind then
    drop_letter(id)
  end
end

local function forget_fetch()
  local fetch = fetch_queue.load(request.fetcher, request.source, request.object)
  if not fetch.held then return end
  fetch_queue.close(fetch, 'done')
  gone = 1
end

local function drop_kept(source, state, entry)
  state.bytes = math.max(0, (state.bytes or 0) - delivery_log.remove_entry('instep:kept:' .. source, entry))
  gone = gone + 1
end

local function forget_kept(source)
  local state = delivery_log.state_of(source)
  for _, id in ipairs(request.ids) do
    local entry = redis.call('XRANGE', 'instep:kept:' .. source, id, id)[1]
    if entry then drop_kept(source, state, entry) end
  end
  for _, id in ipairs(request.words) do
    local entry = redis.call('XRANGE', 'instep:kept-words:' .. source, id, id)[1]
    if entry then
      state.bytes = math.max(0, state.bytes - delivery_log.remove_entry('instep:kept-words:' .. source, entry))
    end
  end
  local first = delivery_log.first_of('instep:kept:' .. source)
  state.oldest = first and delivery_log.ms_of(first) or nil
  delivery_log.save_state(source, state)
end

-- One that is gone meanwhile stays so.
local function blank_fields()
  if redis.call('EXISTS', request.key) == 0 then return end
  for name, text in pairs(request.blank) do redis.call('HSET', request.key, name, text) end
  gone = 1
end

if request.act == 'record' then forget_record()
elseif request.act == 'letter' then forget_letter(request.id)
elseif request.act == 'life' then gone = life_bounds.remove(request.name, request.entries)
elseif request.act == 'undo' then gone = undo_bounds.rewrite(request.id, step.given(request.text)) and 1 or 0
elseif request.act == 'fetch' then forget_fetch()
elseif request.act == 'blank' then blank_fields()
elseif request.act == 'kept' then forget_kept(request.source) end
return step.answer({fields = fields, discarded = discarded, gone = gone})

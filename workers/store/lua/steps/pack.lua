--! flags allow-oom
-- pack: the short fields of records at rest are packed (field_pack.lua), so that they take less.
-- ARGV[2]: {token, records: [[collection, record]]}
-- Returns {packed}.
-- Errors: none: a full store does this as well, and is less full then.
--! uses step items field_pack field_packer resting_records new_forms

local request, now = step.request, step.now
local REST_MS = 600000  -- since its last request: what changes often stays as it is

-- Whether some of its fields stand apart, or are packed as a release before did: it need not be read for nothing.
local function is_open(name)
  local key = 'instep:item:' .. name
  for _, each in ipairs(redis.call('HKEYS', key)) do
    if string.sub(each, 1, 2) == 'f:' and #each > 2 then return true end
  end
  local text = redis.call('HGET', key, 'f:')
  return text and not field_pack.is_current(text)
end

-- Packs the short fields of an item that stand apart; returns whether there was anything to do.
local function pack(item)
  local changed, gone = {}, {}
  for slug in pairs(item.apart) do
    changed[slug] = true
    if field_packer.is_short(item.fields[slug], slug) then gone[#gone + 1] = 'f:' .. slug end
  end
  local is_old = item.parts and not item.parts.is_current
  if not (gone[1] or is_old) then return false end
  local text = field_packer.encode(item.fields, item.parts or {}, changed)
  gone[#gone + 1] = 'due'  -- nothing of it is
  redis.call('HDEL', item.key, unpack(gone))
  redis.call('HSET', item.key, 'f:', text)
  return true
end

local earlier = step.earlier_answer()
if earlier then return earlier end

local packed = 0
for _, pair in ipairs(new_forms.may_write() and request.records or {}) do
  if is_open(pair[1] .. ':' .. pair[2]) then
    local item = items.load(pair[1], pair[2])
    local tried = step.sane(item.meta.tried, 0) or 0
    if tried <= now - REST_MS and resting_records.is_at_rest(item) and pack(item) then packed = packed + 1 end
  end
end
return step.answer({packed = packed})

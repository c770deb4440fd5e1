-- Shared, of accept: changes whose versions cannot be compared with what their items hold.
--! uses calls versions step items field_kinds

local now_us
local kinds  -- of the fields that an earlier event of this delivery is about to fill
calls.on_begin(function()
  now_us = step.now_us
  kinds = {}
end)
local HOUR_US = 3600 * 1000000
local KINDS = {t = 'a time', s = 'a sequence'}
-- *fills*: the same of what its own event is about to fill.
local function version_problem(change, fills)
  local version = change.version
  -- Without one, or before everything, it fits whatever its field holds.
  if not version or versions.kind_of(version) == versions.BEFORE then return nil end
  local kind = versions.kind_of(version)
  if kind == 't' and versions.micros_of(version) > now_us + HOUR_US then
    return 'the time of the change is more than an hour ahead of the store\'s clock'
  end
  local item = items.of(change)
  for _, triple in ipairs(change.fields) do
    local place = item.key .. ' ' .. triple[1]
    local there, name = kinds[place] or fills[place], triple[1]
    if not there then there, name = field_kinds.other_kind(item, triple[1], kind) end
    if there and there ~= kind then
      local what = name == items.GONE and 'its retirement' or 'the field ' .. name
      return 'its version is ' .. KINDS[kind] .. ', but ' .. what .. ' of '
        .. change.collection .. ' ' .. change.record .. ' holds ' .. KINDS[there]
    end
    fills[place] = kind
  end
  return nil
end

-- A change whose version cannot be compared is left out of its event, and that alone. Returns the kinds
-- of what the event is about to fill, for `add`.
local function leave_out(event)
  local changes, fills = {}, {}
  for _, change in ipairs(event.changes) do
    local message = version_problem(change, fills)
    if message then
      event.problems[#event.problems + 1] = {path = 'version', message = message}
      for _, triple in ipairs(change.fields) do
        event.left[#event.left + 1] = {collection = change.collection, record = change.record,
          slug = triple[1]}
      end
    else
      changes[#changes + 1] = change
    end
  end
  event.changes = changes
  return fills
end

local function add(fills)
  for place, kind in pairs(fills) do kinds[place] = kind end
end

return {leave_out = leave_out, add = add}

-- Shared: the status of an item as the CMS last showed it, and whether its live copy can be written.
--
-- instep:status:<collection>:<copy>  hash: item id → "<flags>|<lastPublished>|<lastUpdated>"
--   flags: a archived, d draft; lastPublished '': never published, or unpublished
-- instep:not-live:<collection>  set: records whose staged copies alone are written, since their items
--   are not published
-- staged of an item: it is written so, until its status is another than this one: as it was when the
--   CMS refused the live copy, or showed none. lastPublished may stay set where there is no live copy.
--   "@<time>": when that was, where the status was not known; "1": an older release or a reconcile
--   set it
-- look of an item: its status is to be read before anything is sent: 'status', it is not known;
--   'alone', by a request of its own; 'refused', a request was refused for what one item of it is
-- looked: it was, and nothing was written since
-- unpublishable of an item: its status when the CMS would not publish it
--! uses calls step items creation life_entries

local request
calls.on_begin(function() request = step.request end)

local item_status = {}

local function parse(text)
  local flags, published, updated = string.match(text or '', '^([ad]*)|([^|]*)|(.*)$')
  return flags and {flags = flags, published = published, updated = updated} or nil
end

function item_status.load(place, id) return parse(redis.call('HGET', 'instep:status:' .. place, id)) end

-- Of a status, what another one is compared with.
function item_status.sign_of(status) return status and status.flags .. '|' .. status.published .. '|' end

-- It is live, and no editor holds it back.
function item_status.is_live(status) return status ~= nil and status.flags == '' and status.published ~= '' end

-- A publish of the whole site moves lastPublished alone.
function item_status.seen_at(status)
  return status.published > status.updated and status.published or status.updated
end

-- The CMS shows *text*; nil: something newer was seen before. *certain*: it was asked just now, and
-- nothing else was sent: unpublishing moves no time.
function item_status.record(place, id, text, certain)
  local status, before = parse(text), redis.call('HGET', 'instep:status:' .. place, id)
  -- A page shows up to 100, nearly all as they were: what is not written needs not go to the disk.
  if not status or before == text then return status end
  local held = parse(before)
  if held and not certain and item_status.seen_at(held) > item_status.seen_at(status) then return nil end
  redis.call('HSET', 'instep:status:' .. place, id, text)
  return status
end

-- It has been published since its live copy was refused.
function item_status.is_published_since(item, status)
  local held = item.meta.staged
  if status.published == '' or not held then return status.published ~= '' end
  local refused = string.match(held, '^@(.*)$')
  if refused then return status.published > refused end
  local before = parse(held)
  return not before or status.published ~= before.published
end

-- *ours*: a request of ours has set its flags; its live copy may be as it was.
local function is_live_again(item, status, ours)
  if not item_status.is_live(status) then return false end
  local before = parse(item.meta.staged)
  return item_status.is_published_since(item, status) or (not ours and before and before.flags ~= status.flags)
end

function item_status.mark_staged(item, sign, why)
  if not item.meta.staged then life_entries.note_staged(item, why) end
  items.set(item, 'staged', sign)
  items.forget_confirmations(item, true)
end

-- Returns whether its live copy can be written again.
function item_status.update(item, status, ours)
  if not item.meta.staged then return false end
  local live = is_live_again(item, status, ours)
  items.set(item, 'staged', not live and item_status.sign_of(status) or nil)
  if live then items.forget_confirmations(item, true) end
  return live
end

-- An editor has archived it, and neither its mapping nor a retirement.
local function is_archived_by_hand(item, status)
  local gone = item.fields[items.GONE]
  return string.find(status.flags, 'a', 1, true) and not (gone and gone.flags and gone.flags._archived)
    and not (item.fields._archived or item.fields._draft)
end

-- What is known to have no live copy is not sent to be refused, nor is what is to leave the site put
-- back there.
function item_status.stage_unpublished(item, status)
  if not request.live or item.meta.staged or not status then return end
  if status.published == '' then
    item_status.mark_staged(item, item_status.sign_of(status), 'its item was never published')
  elseif is_archived_by_hand(item, status) then
    item_status.mark_staged(item, item_status.sign_of(status), 'its item is archived')
  end
end

-- What an operator sees of it; not of what its mapping, or that its record is gone, takes off the site.
function item_status.count_not_live(item)
  if not item.meta.staged and not item.changed.staged then return end
  local counts = item.meta.staged and request.live ~= false and not items.in_force(item)
    and creation.held_text(item, '_draft') ~= 'true' and creation.held_text(item, '_archived') ~= 'true'
  redis.call(counts and 'SADD' or 'SREM', 'instep:not-live:' .. item.collection, item.record)
end

return item_status

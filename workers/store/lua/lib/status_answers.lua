-- Shared: what an answer says of an item's status, and what is to be known of it before it goes again.
--! uses calls step items item_schedule item_status

local given = step.given
local request, now
calls.on_begin(function() request, now = step.request, step.now end)
local status_answers = {}
local QUICK = 1000  -- items; a collection of more is not listed for one of a batch that is not there

-- A PATCH has made a draft of what is to leave the site, and it was published meanwhile.
local function is_still_live(item, status)
  local gone = items.in_force(item)
  if not gone or not (gone.value == '"unpublish"' or (gone.value == '"draft"' and request.live)) then return false end
  if not item_status.is_published_since(item, status) then return false end
  gone.was_live, gone.flags = 1, gone.flags or {}
  gone.flags._draft = gone.flags._draft or gone.arrival
  items.set(item, 'staged', nil)
  items.touch(item, items.GONE)
  return true
end

local function without(list, name)
  local rest = {}
  for _, one in ipairs(list or {}) do
    if one ~= name then rest[#rest + 1] = one end
  end
  return rest
end

-- What was written staged only and shows as published is written live, before it counts as written.
local function go_live(verdict)
  verdict.written, verdict.deaths, verdict.missed = {}, {}, {}
  verdict.publish, verdict.attempt, verdict.shown = false, false, nil
end

-- A filter may lag behind: it has shown the item as it was before what was seen last.
local function is_outdated(verdict)
  if request.look ~= 'status' or not given(verdict.status) then return false end
  local held = item_status.load(step.place, verdict.id)
  return held ~= nil and string.match(verdict.status, '([^|]*)$') < held.updated
end

function status_answers.record_answer(item, claim, verdict)
  if is_outdated(verdict) then return end
  local id = given(verdict.made) or verdict.id
  local status = given(verdict.status) and item_status.record(step.place, id, verdict.status, request.kind == 'look')
  if not status or request.kind == 'look' then return end
  local ours = claim.fields[items.GONE] or claim.fields._draft or claim.fields._archived
  if claim.fields[items.GONE] and is_still_live(item, status) then
    verdict.written = without(verdict.written, items.GONE)
  elseif item_status.update(item, status, ours) and request.staged and request.live then
    go_live(verdict)
  end
end

-- A request was refused since it carried an item that there is not: looking all of them up again costs
-- less than finding out which.
function status_answers.look_up_all(verdict)
  if not verdict.relist then return end
  if redis.call('HLEN', 'instep:keys:' .. step.place) > QUICK then return end
  verdict.forget, verdict.limit, verdict.part = true, cjson.null, cjson.null
  redis.call('HDEL', 'instep:index:' .. step.place, 'full_next')
  if redis.call('EXISTS', 'instep:variants:' .. step.place) == 1 then
    -- It may be a variant that is not there.
    redis.call('HSET', 'instep:site:' .. step.place, 'doubted', now)
    redis.call('HDEL', 'instep:site:' .. step.place, 'list_next')
  end
  local doubted = redis.call('HGET', 'instep:index:' .. step.place, 'ids_doubted')
  if doubted and doubted ~= request.claim then
    -- A second request, as after a restored backup: the others would be refused as well.
    redis.call('HSET', 'instep:collection:' .. request.collection, 'relisted', now + step.CLAIM_MS)
  end
  redis.call('HSET', 'instep:index:' .. step.place, 'ids_doubted', request.claim)
end

-- The status of the item was to be read: *look* says why it is to be once more, if it is.
local function settle_look(item, verdict)
  local status = item_status.load(step.place, verdict.id)
  local look = given(verdict.look)
  -- Where it was seen before, that has to do.
  if look == 'alone' and status then look = nil end
  -- What it is now a GET of its own shows.
  items.set(item, 'look', is_outdated(verdict) and 'alone' or look)
  if not item.meta.look then items.set(item, 'looked', now) end
  if request.look == 'refused' and verdict.staged == true then
    item_status.mark_staged(item, item_status.sign_of(status) or 1, verdict.why)
  end
end

-- What the answer says of the live copy; *at*: of the refusal, where the status is not known.
function status_answers.settle(item, verdict)
  if request.kind == 'look' then return settle_look(item, verdict) end
  if given(verdict.look) then items.set(item, 'look', verdict.look) end
  if not verdict.unpublishable and type(verdict.staged) ~= 'boolean' then return end
  local id = given(verdict.made) or verdict.id
  local status = item_status.load(step.place, id)
  if verdict.unpublishable then items.set(item, 'unpublishable', item_status.sign_of(status)) end
  if verdict.staged == true then
    -- It was unpublished since it was last seen: a confirmed status is none any more.
    local sign = status and not item_status.is_live(status) and item_status.sign_of(status)
    local why = verdict.why ~= '' and verdict.why or (given(request.reply) or {}).message
    item_status.mark_staged(item, sign or (given(request.at) and '@' .. request.at) or 1, why)
  elseif verdict.staged == false then
    -- It is published now; since when is unknown.
    if not given(verdict.status) then redis.call('HDEL', 'instep:status:' .. step.place, id) end
    items.set(item, 'staged', nil)
  end
end

-- The request was meant for this record and has written into the item of another: what it sent
-- is put right there, without waiting, since nothing of it is still on its way.
function status_answers.repair_other(verdict)
  local other = items.load(request.collection, verdict.overwrote)
  for _, slug in ipairs(verdict.sent) do items.mark_repair(other, slug, now) end
  if next(other.touched) then
    item_schedule.place(other)
    items.save(other)
  end
end

return status_answers

-- Shared by the steps: what was written, and what the CMS held before: by it a write is undone.
-- undo_bounds.lua says how much is kept; workers/store/undo_rows.py reads it. Owns
--   instep:undo        hash: <ms>-<token> → what one step has to tell, as lines
--     "=", 1 or 0 where the outcome is unknown, a tab, <collection>:<record> as JSON; behind it, for each
--     value, apart by tabs: slug, arrival number, version, type, source, run, undone by, type of what was
--     before, what was before, value. What is not known is empty. A slug "": the item was created.
--   instep:undo:ids    list: the names of these, oldest first
--   instep:undo:state  hash: bytes; dropped: entries, for want of room; till: ms of the newest of those
--! uses calls step items before_values

local undo_log = {}
local MOST = 102400  -- bytes of a value
local ENTRY = 150    -- as undo_bounds.lua has it

local encode, told = cjson.encode, {}
calls.on_begin(function()
  if told[1] then told = {} end
end)

local function save()
  local text = table.concat(told)
  local id = string.format('%d-', step.now) .. (step.request.call or step.request.token or '')
  redis.call('HSET', 'instep:undo', id, text)
  redis.call('RPUSH', 'instep:undo:ids', id)
  redis.call('HINCRBY', 'instep:undo:state', 'bytes', #text + ENTRY)
end

-- *rows*: a text.
function undo_log.add(item, sure, rows)
  if not told[1] then step.before_answer(save) end
  told[#told + 1] = (sure and '=1\t' or '=0\t') .. encode(item.collection .. ':' .. item.record) .. '\n'
  told[#told + 1] = rows
end

-- One value, written over *before*, a JSON text of *kind*.
function undo_log.row(slug, field, before, kind, run)
  local text, value = before or '', field.value
  if #text > MOST then text = '' end
  if #value > MOST then value = '' end
  return slug .. '\t' .. string.format('%d', field.arrival) .. '\t' .. field.version .. '\t' .. field.type .. '\t'
    .. (field.source or '') .. '\t' .. (run or field.run or '') .. '\t' .. (field.undo or '') .. '\t'
    .. (kind and kind ~= field.type and kind or '') .. '\t' .. text .. '\t' .. value .. '\n'
end

-- What a request has written, or may have, of *slug*; '': nothing that is to be undone.
-- *waited*: it was not written before.
local function row_of(item, slug, field, waited)
  if slug == items.GONE then return field.undone and '' or waited and undo_log.row(slug, field, 'null') or '' end
  if waited then
    if field.before == field.value then return '' end
    return undo_log.row(slug, field, field.before, field.before_type)
  end
  local told = before_values.told(item, field)
  if not told or not told.v or told.v == field.value then return '' end
  return undo_log.row(slug, field, told.v, told.t, told.r)
end

local function newest_sent(item, slugs)
  local newest_field
  for slug, arrival in pairs(slugs) do
    local field = item.fields[slug]
    if field and field.arrival == arrival and (not newest_field or arrival > newest_field.arrival) then newest_field = field end
  end
  return newest_field
end

-- The item was created with *slugs*, slug → arrival number. *id*: JSON text.
local function creation_row(item, slugs, id)
  local field = newest_sent(item, slugs)
  if not field then return nil end
  return undo_log.row('', {arrival = field.arrival, version = field.version, type = 'item', source = field.source,
    run = field.run, value = id}, 'null'), field
end

-- Of settle, before the field counts as written. Returns its row. *made*: the request has created the item.
function undo_log.row_written(item, slug, field, made)
  local row = ''
  if before_values.kept and not made then row = row_of(item, slug, field, field.state ~= 'written' and field.state ~= 'unchanged') end
  before_values.clear(field)
  return row
end

-- A new item: what it carried was nowhere before, be it written by a later request.
function undo_log.note_created(item, claim, id)
  if not before_values.kept then return end
  local row = creation_row(item, claim.fields, cjson.encode(id))
  if row then undo_log.add(item, true, row) end
  for slug, arrival in pairs(claim.fields) do
    if item.fields[slug] and item.fields[slug].arrival == arrival then item.fields[slug].before, item.fields[slug].before_type = 'null', nil end
  end
end

-- A request of unknown outcome: what it carried may be there.
function undo_log.note_unsure(item, claim)
  if not before_values.kept or claim.kind == 'look' then return end
  local rows = {}
  if claim.kind == 'create' then
    local row, field = creation_row(item, claim.fields, 'null')
    if row and not field.unsure then rows[1], field.unsure = row, 1 end
  else
    for slug, arrival in pairs(claim.fields) do
      local field = item.fields[slug]
      if field and field.arrival == arrival and not field.unsure then
        local row = row_of(item, slug, field, field.state == 'pending')
        if row ~= '' then rows[#rows + 1], field.unsure = row, 1 end
        items.touch(item, slug)
      end
    end
  end
  if rows[1] then undo_log.add(item, false, table.concat(rows)) end
end

return undo_log

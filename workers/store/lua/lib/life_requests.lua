-- Shared by the steps: what a request did to a record, as its life tells it (life_entries.lua).
--! uses calls step lives

local given, encode = step.given, cjson.encode
local request
local call_head, call_text
local written  -- slugs → text: the items of a batch mostly have the same ones
calls.on_begin(function()
  request = step.request
  call_head, call_text, written = nil, nil, {}
end)
local life_requests = {}
local FIELDS = 200  -- in one entry
local CODE = 60     -- bytes of a code
local PROBLEMS = 5  -- with single fields

local KINDS = {update = 'u', create = 'c', publish = 'p', unpublish = 'r', delete = 'd', look = 'l'}

local function kind_of(kind, staged) return (KINDS[kind] or 'u') .. (staged and 's' or '') end

-- What is told of a request before its answer.
local function head_of(how)
  return '"c","' .. kind_of(request.kind, request.staged) .. how .. '","' .. (given(request.index) or '') .. '",'
end

-- The part that is the same for all items of a request.
local function call_of()
  if not call_text then
    local call = given(request.reply) or {}
    local status = given(call.status)
    call_head = head_of('')
    call_text = (status and string.format('%d', status) or 'null') .. ',' .. lives.text_of(call.code, CODE) .. ',' .. lives.text_of(call.message)
  end
  return call_head, call_text
end

-- Why what was not taken goes again.
local function why_of(verdict)
  local rate, paused = given(request.rate), false
  for _, report in ipairs(request.health or {}) do paused = paused or report.event == 'pause' end
  if paused then return 'paused' end
  if given(request.closed) then return 'publish' end
  if given(request.no_room) then return 'plan' end
  if rate and rate.closed then return 'budget' end
  if verdict.unknown then return 'unknown' end
  if verdict.forget then return 'lookup' end
  if given(verdict.limit) then return 'alone' end
  if given(verdict.look) then return 'status' end
  if verdict.staged == true then return 'staged' end
  if verdict.publish then return 'publishing' end
  return ''
end

local FATES = {dead = 'k', ignored = 'i', discarded = 'd'}

local function fate_of(field, arrival, verdict, unsent)
  if not field or field.arrival ~= arrival then return 'o' end
  return FATES[field.state] or (unsent and 'n') or (verdict.unknown and 'q' or 'z')
end

-- What became of each value, and whether all were written.
local function fates_of(item, claim, verdict, done)
  local sent = 0
  for _ in pairs(claim.fields) do sent = sent + 1 end
  if #done == sent and sent < FIELDS then
    local slugs = table.concat(done, ' ')
    written[slugs] = written[slugs] or '[' .. encode({'w', unpack(done)}) .. ']'
    return written[slugs], true
  end
  local by_fate, order, is_done, unsent = {}, {}, {}, {}
  for _, slug in ipairs(done) do is_done[slug] = true end
  for _, slug in ipairs(verdict.unsent or {}) do unsent[slug] = true end
  for slug, arrival in pairs(claim.fields) do
    local fate = is_done[slug] and 'w' or fate_of(item.fields[slug], arrival, verdict, unsent[slug])
    if not by_fate[fate] then
      by_fate[fate], order[#order + 1] = {fate}, fate
    end
    local own = by_fate[fate]
    if #own <= FIELDS then own[#own + 1] = slug end
  end
  for n, fate in ipairs(order) do order[n] = encode(by_fate[fate]) end
  return '[' .. table.concat(order, ',') .. ']', false
end

-- What the CMS said of single fields: [path, message].
local function problems_text(deaths)
  local told = {}
  for n, death in ipairs(deaths) do
    for _, problem in ipairs(death.problems or {}) do told[#told + 1] = {problem.field, problem.message} end
    if n > 1 and not (death.problems or {})[1] then told[#told + 1] = {death.slugs[1], death.message} end
  end
  for n, one in ipairs(told) do told[n] = n <= PROBLEMS and '[' .. lives.text_of(one[1]) .. ',' .. lives.text_of(one[2]) .. ']' or nil end
  return table.concat(told, ',')
end

-- Whether the request carried anything of the item.
local function is_carried(call, claim, verdict)
  if call.sent == false then return false end
  if not verdict.unsent then return true end
  local unsent = {}
  for _, slug in ipairs(verdict.unsent) do unsent[slug] = true end
  for slug in pairs(claim.fields) do
    if not unsent[slug] then return true end
  end
  return false
end

-- *claim*.fields: what was sent; *done*: the slugs that were written.
function life_requests.note_answered(item, claim, verdict, done)
  if request.kind == 'look' then return end
  local call = given(request.reply)
  local fates, all = fates_of(item, claim, verdict, done)
  local head, text = call_of()
  local wait = verdict.wait_ms or 0
  local death = verdict.deaths and verdict.deaths[1]
  -- Values that the schema refuses die without a request: what became of them is told as of an answer.
  local carried = call and is_carried(call, claim, verdict)
  if not call or not (carried or death) then
    if not all then
      local message = call and (call.sent == false and call.message or 'left out')
      lives.note(item.collection, item.record, '"n","' .. kind_of(request.kind, request.staged) .. '",'
        .. lives.text_of(message) .. ',' .. string.format('%.0f', wait))
    end
    return
  end
  if death then
    text = (given(death.status) and string.format('%.0f', death.status) or 'null') .. ','
      .. lives.text_of(death.code, CODE) .. ',' .. lives.text_of(death.message)
  end
  local id = given(verdict.made) or given(verdict.id) or ''
  if not carried then head = head_of('n') end
  -- An id of the CMS is hexadecimal: joined, it is its JSON.
  local entry = head .. (string.find(id, '%W') and encode(id) or '"' .. id .. '"') .. ',' .. text .. ',' .. fates
  if not all then
    entry = entry .. ',"' .. why_of(verdict) .. '",' .. string.format('%.0f', wait) .. ',' .. (item.meta.attempts or 0)
    if death then entry = entry .. ',[' .. problems_text(verdict.deaths) .. ']' end
  end
  lives.note(item.collection, item.record, entry)
end

-- The answer to a request whose claim had run out.
function life_requests.note_late(item, verdict)
  local call = given(request.reply)
  if not call or call.sent == false or #verdict.sent == 0 then return end
  local head, text = call_of()
  lives.note(item.collection, item.record, head .. lives.text_of(given(verdict.made) or verdict.id) .. ',' .. text
    .. ',[' .. encode({'q', unpack(verdict.sent, 1, math.min(#verdict.sent, FIELDS))}) .. '],"late",0,' .. (item.meta.attempts or 0))
end

-- A claim ran out: its request may have been sent.
function life_requests.note_unanswered(item, claim)
  if claim.kind == 'look' then return end
  local slugs = {}
  for slug in pairs(claim.fields or {}) do slugs[#slugs + 1] = slug end
  if #slugs == 0 then return end
  table.sort(slugs)
  lives.note(item.collection, item.record, '"x","' .. kind_of(claim.kind) .. '",' .. string.format('%.0f', claim.at)
    .. ',' .. lives.list_of(slugs))
end

return life_requests

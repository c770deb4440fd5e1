-- note_staged: items that a listing shows as staged, of which no publish is noted (unpublished.lua): they are
-- published, or held until a person decides. The look before a publish sees what was changed since the listing.
-- ARGV[2]: {token, destination, collection, found: [{record, id, at, way, new, edited, edits, draft}]}
--   at: lastUpdated, as it was listed; new: it was never on the site
--   edited: it is not known whose all of that is; edits: of which variants, as in unpublished.lua
--   draft: an editor holds it back
-- Returns {noted}.
-- Errors: OOM: the store is full, and nothing was done.
--! uses step unpublished

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end

local noted, first = 0, nil

-- Those of *member*, and what the listing shows; nil: any variant may be edited.
local function edits_of(member, found)
  local edits = member.edits or {}
  if not given(found.edits) or (member.edited and not member.edits) then return nil end
  for locale, at in pairs(found.edits) do edits[locale] = edits[locale] or at end
  return edits
end

-- *member*: noted since, or before by somebody else's edit. What the listing shows of it counts if it is as new.
local function renew(member, found)
  if found.edited then
    -- Written by Instep meanwhile: that does not make the edit its own.
    member.edits = edits_of(member, found)
    member.edited = member.edited or found.at
    return member.state ~= 'e' and member or nil
  end
  if member.state ~= 'e' or member.at > found.at or (member.edited or '') > found.at then return nil end
  member.at, member.state, member.edited, member.edits = found.at, '', nil, nil
  return member
end

local function fresh(found)
  local state = found.draft and 'd' or found.edited and 'e' or ''
  return {id = found.id, way = found.way, at = found.at, since = now, live = false, new = found.new or nil,
    made = found.new or nil, state = state, edited = found.edited and found.at or nil, edits = given(found.edits)}
end

for _, found in ipairs(request.found) do
  local held = unpublished.member(request.collection, found.record)
  local member
  if held then member = renew(held, found) else member = fresh(found) end
  if member then
    local waits = member.state == 'e' or member.state == 'd'
    local at = waits and now + unpublished.AGAIN_MS or now
    unpublished.put(request.collection, found.record, member, at)
    first = math.min(first or at, at)
    noted = noted + 1
  end
end
if first then unpublished.begin(request.destination, unpublished.next_at(request.destination, first)) end
return step.answer({noted = noted})

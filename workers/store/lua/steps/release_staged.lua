--! flags allow-oom
-- release_staged: a person has decided that items are published with what somebody else has edited of them, as
-- far as that was seen; what is edited later is held again.
-- ARGV[2]: {token, destination, collection, records}
-- Returns {left: [record]}: those that did not wait for that.
-- Errors: none: a full store does this as well.
--! uses step unpublished

local request, now = step.request, step.now

local earlier = step.earlier_answer()
if earlier then return earlier end

local left = {}
for _, record in ipairs(request.records) do
  local member = unpublished.member(request.collection, record)
  if member and member.state == 'e' then
    if (member.edited or '') > member.at then member.at = member.edited end
    member.edited, member.edits, member.state = nil, nil, ''
    unpublished.put(request.collection, record, member, now)
  else
    left[#left + 1] = record
  end
end
if #left < #request.records then
  unpublished.begin(request.destination, unpublished.next_at(request.destination, now))
end
return step.answer({left = left})

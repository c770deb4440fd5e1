-- Shared, of accept: takes the events of the delivery, one after the other.
--! uses calls step items event_letters delivery accepted_values left_out fetch_queue body_letters
--! uses run_counts life_events deduplication

local request
local limit, has_letters, own_letter
local accepted_events = {}
calls.on_begin(function()
  request = step.request
  limit, has_letters, own_letter = nil, false, nil
  accepted_events.values, accepted_events.letters = 0, 0
  accepted_events.fetchers = {}  -- of what is to be fetched, as a set
end)

-- *of_run*: its limit; *letters*: its source has some; *body_letter*: that of the body of a delivery in slices.
function accepted_events.begin(of_run, letters, body_letter)
  limit, has_letters, own_letter = of_run, letters, body_letter
end

local function add_fetches(event)
  for _, fetch in ipairs(event.fetches) do
    local queued = fetch_queue.load(fetch[1], request.source, fetch[2])
    fetch_queue.add(queued, event, delivery.raw_of(event), request.mode ~= 'live')
    accepted_events.fetchers[fetch[1]] = true
  end
end

local function take_change(event, change, of_source, number)
  local own = {}
  if of_source then event_letters.note_whole(items.of(change), event) end
  for _, triple in ipairs(change.fields) do
    local fate = accepted_values.take(change, event, triple)
    if limit and fate[3] == 'accepted' then run_counts.note_taken(event) end
    if not event.again or fate[2] > 0 then own[#own + 1] = fate end
  end
  accepted_events.values = accepted_events.values + #own
  if #own > 0 then life_events.note_accepted(event, change, own, number) end
end

function accepted_events.take(event)
  local arrival, wanted = event_letters.arrival_of(event), delivery.is_wanted(event)
  -- What takes something back is no event of its source.
  local of_source, number = request.mode ~= 'undo', delivery.kept and delivery.kept.number
  if #event.fetches + #event.problems > 0 then event.headers = delivery.headers_text() end
  add_fetches(event)
  if own_letter then body_letters.remove_own_entries(event, own_letter) end
  -- Before its values overtake what its letter holds: a replay closes it, not something newer.
  if has_letters and of_source and event_letters.is_whole(event) and wanted then event_letters.close_letters(event) end
  for _, change in ipairs(event.changes) do take_change(event, change, of_source, number) end
  if #event.left > 0 and not request.again then
    life_events.note_left_out(event, event.part and left_out.rewriting.id or event.letter, number)
  end
  if wanted then deduplication.mark_seen(event) end
  if event.part then body_letters.link_part(event, arrival) end
  local before = event.index < 0 and delivery.before or arrival
  if #event.problems > 0 and event_letters.keep_letter(event, delivery.raw_of(event), delivery.kept, before) then
    accepted_events.letters = accepted_events.letters + 1
    has_letters = true
  end
end

return accepted_events

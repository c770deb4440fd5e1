-- run_guard: what counts for the guard of runs in a collection, and what its first load may create.
-- ARGV[2]: {token, place, window_ms, loads}
--   loads: items that this run, if it is the first one, loads; absent: only look
-- Returns {created, retired, first}; first: -1 where nothing was loaded yet.
-- Errors: OOM: the store is full, and nothing was done.
--! uses step run_counts

local request, now, given = step.request, step.now, step.given

local earlier = step.earlier_answer()
if earlier then return earlier end

if given(request.loads) and not run_counts.first_left(request.place) then
  redis.call('HSET', run_counts.counts_of(request.place) .. ':first', 'left', request.loads,
    'till', string.format('%.0f', now + request.window_ms))
end
return step.answer({
  created = run_counts.sum(request.place, 'created', request.window_ms),
  retired = run_counts.sum(request.place, 'retired', request.window_ms),
  first = run_counts.first_left(request.place) or -1,
})

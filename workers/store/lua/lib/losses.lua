-- Shared: what a confirmation belongs to, beside a copy of an item.
--
-- instep:losses         hash: number → a loss of what had been acknowledged, JSON (loss.lua)
-- instep:losses:number  counts them
-- instep:losses:at      ms at which the newest was noted: what is created waits (creation.lua)
-- instep:losses:proven  hash: collection → the newest of them that a reconcile has outrun
--! uses calls step

local request
local suffix
calls.on_begin(function()
  request = step.request
  suffix = nil
end)

-- Behind the name of a copy: with another one the confirmations of before do not count. Of a store
-- that may forget acknowledged writes none outlives its restart, and none outlives a loss: the CMS
-- may hold an answer that the store knows no longer.
local function copy_suffix()
  suffix = suffix or (request.weak and string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or '')
    .. (step.loss_number and '~' .. step.loss_number or '')
  return suffix
end

return {copy_suffix = copy_suffix}

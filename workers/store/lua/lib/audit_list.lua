-- Shared: who changed what, and when (workers/store/audit.py).

-- *entry*: {by, action, target, figures: JSON text}
local function add(entry, most)
  redis.call('XADD', 'instep:audit', 'MAXLEN', most, '*',
    'by', entry.by, 'action', entry.action, 'target', entry.target, 'figures', entry.figures)
end

return {add = add}

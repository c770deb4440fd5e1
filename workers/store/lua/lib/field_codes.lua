-- How a field, a retirement and a link (left_out.lua) are stored: JSON with a code of one letter for
-- each name. Only field_pack.lua knows the codes beside this file, and has C and H. What a later release
-- adds stays as it is.

local GONE = ':gone'  -- the slug of a retirement (retirements.lua)
local NAMES = {
  v = 'value',               -- JSON text
  t = 'type',
  r = 'version',
  a = 'arrival',             -- its number (arrivals.lua)
  e = 'events',              -- hashed ids of the events that gave it at its version, apart by spaces
  n = 'event',               -- the id of its event as sent
  o = 'source',
  s = 'state',               -- pending written unchanged ignored discarded dead superseded: counters of P4
  w = 'since',               -- ms since which it waits
  i = 'came_at',             -- ms at which the value came, where it waits for longer
  q = 'lane',                -- number of its lane in step.LANES
  c = 'confirmed',           -- sha1 of the value that the CMS is known to hold (references.lua)
  m = 'repair_at',           -- it is to be written once more, not before this ms
  l = 'letter',              -- the dead letter that it lies in
  x = 'misses',              -- answers without effect
  g = 'file',                -- files as last read
  k = 'history',             -- what the CMS is known to have held (write_history.lua)
  y = 'blocked_since',       -- ms since which it waits for an item that it refers to
  j = 'link',                -- JSON, the item ids that were sent for its keys last
  V = 'shown_in',            -- cmsLocaleIds of the variants that show it while others do not, by commas
  W = 'shown_since',         -- ms of the first claim that wrote those: a younger repair_at stays
  O = 'create_only',         -- 1: it is written at the creation of an item only (create_only.lua)
  f = 'delivery',            -- number of its kept delivery
  h = 'place',               -- of its event in that
  N = 'stands_at',           -- arrival number that counts after the replay of a delivery that was not kept
  A = 'snapshot_at',         -- ms at which the snapshot was taken that gave it
  R = 'snapshot_time',       -- 1: its version is the time of a snapshot
  K = 'retirement_version',  -- 1: it has the version of the retirement of its item, having had none itself
  E = 'form_mark',           -- mark of what is akin to the value, where it is not that of the value itself
  F = 'cms_form',            -- "<mark> <mark of the schema>" of what a listing showed (cms_forms.lua)
  S = 'sent_arrival',        -- arrival number under which it was sent, where the same value has come since
  z = 'normalised',          -- 1: it is counted so
  X = 'run',                 -- id of the run that gave it (runs.py)
  U = 'undo',                -- id of the run that has put it here in place of what it undid
  B = 'before',              -- before_values.lua
  P = 'before_type',
  T = 'told',
  Y = 'in_flight',
  M = 'same_file',           -- same_files.lua
  Q = 'unsure',              -- 1: the undo log has it as of unknown outcome
  d = 'deleted_by',          -- arrival number of a later deletion (older releases: 1): no new item gets it
  -- Of a retirement:
  b = 'undone',              -- 1: the record is back
  p = 'unpublished',         -- 1: the live copy is away, of a "delete"
  u = 'flags',               -- that the CMS may show because of it: flag → arrival number of the first request
  L = 'was_live',            -- 1: who takes back its flags publishes the item again
  I = 'inferred',            -- 0: an event told of it before the snapshot did
  D = 'retired_arrival',     -- the arrival number that it had before it was undone
}
local OF_RETIREMENT = setmetatable({
  S = 'requests',            -- sent for it; flags without it: an older release sent them
  z = 'delete_sent',         -- 1: a request to delete the item was sent
  G = 'live_variant',        -- 1: a variant was met since that is live, though the primary one is not
}, {__index = NAMES})

-- Those that most fields have. A table that is made with its names at once takes a third of the time.
local COMMON = {}
for code in string.gmatch('v t r a e n o s w q c k f h', '%a') do
  COMMON[code], COMMON[NAMES[code]] = true, true
end

-- *stored*: by codes.
local function named(stored, slug)
  local names = slug == GONE and OF_RETIREMENT or NAMES
  local field = {value = stored.v, type = stored.t, version = stored.r, arrival = stored.a, events = stored.e,
    event = stored.n, source = stored.o, state = stored.s, since = stored.w, lane = stored.q,
    confirmed = stored.c, history = stored.k, delivery = stored.f, place = stored.h}
  for code, value in pairs(stored) do
    if not COMMON[code] then field[names[code] or code] = value end
  end
  return field
end

local function decode(text, slug) return named(cjson.decode(text), slug) end

local CODES = {}  -- by names
for _, names in ipairs({NAMES, OF_RETIREMENT}) do
  for code, name in pairs(names) do CODES[name] = code end
end

local function encode(field)
  local stored = {v = field.value, t = field.type, r = field.version, a = field.arrival, e = field.events,
    n = field.event, o = field.source, s = field.state, w = field.since, q = field.lane,
    c = field.confirmed, k = field.history, f = field.delivery, h = field.place}
  for name, value in pairs(field) do
    if not COMMON[name] then stored[CODES[name] or name] = value end
  end
  return cjson.encode(stored)
end

return {GONE = GONE, CODES = CODES, named = named, decode = decode, encode = encode}

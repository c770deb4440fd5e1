-- Shared by the steps: what an entry of a life says (lives.lua). workers/store/life_entries.py reads it;
-- nothing else knows the codes. Each is a JSON list that begins with its time, ms, and its kind:
--   "a", by, source, delivery, event, topic, mapping, mark, fields, run    an event was accepted
--     by: "" source, "c" reconcile, "m" remap, "u" undo, "y" replay of a letter, "e" editor; delivery: its number
--     in the log; mark: of the secret that proved it
--     fields: [slug, fate, value, against, length]: length: of a value that is cut, which is text then
--     against: [source, event, version, why, own version]: what it is older than: "v" a value, "g" the
--       retirement of the record, "o" a write of ours; "r" what it repeats; "l" it is of another variant; "n" an undo;
--       "x" what it has superseded; 1: as of the field before; 0: there was no room
--   "l", by, source, delivery, event, topic, mapping, mark, letter, [slug], [[path, message]]    left out
--   "c", kind, copy, item, status, code, message, fates, why, wait_ms, attempts, [[path, message]]    a request was answered
--     kind: as in FLAGS, with "s" behind it: of the staged copy alone; fates: [fate, slug, …]
--   "n", kind, message, wait_ms    nothing was sent
--   "x", kind, at, [slug]    a request was sent then, and there was no answer while its claim lasted
--   "f", item    its item was found
--   "m", what    it has none; what becomes of it: create, dead-letter, ignore, retired, incomplete
--   "e", what, detail, [slug]    in the CMS: edited, deleted, unpublished; gone: no listing shows it;
--     moved: it has another key; twin: another item has the same one
--   "t", act, letter, why, [slug], run    replay, discard; again: its item is there now; dead: died unsent
--   "w", by, [slug], run    to be written once more
--   "b"    its retirement was taken back
--   "g", key, fields, overtaken    the record of *key* was merged into it
--   "r", slug, collection, [key], number    waits for items
--   "s", why    from here on it is written staged only
--   "i", slug, instead, passed    the slug of its new item
-- run: its id stands there only where a run did it.
--   "o", way    a publish of ours has put it on the site, or taken it from there: item, site
--   "h", act, by    its held retirement: asked, sent, approved, dropped, ended, nothing (to be retired)
--   "v", write-back, event, status, message, letter    it was told there, or lies in a letter for that
-- Fates: p pending, u unchanged, s stale, x superseded, i ignored, d discarded, k dead,
--   w written, o overtaken by a newer value, q unknown, z again, h held
-- life_events.lua writes "a" and "l", life_requests.lua "c", "n" and "x",
-- settle_writebacks.lua "v".
--! uses lives

local life_entries = {}
local REFERS = 5  -- keys of items that it waits for

local function note(item, ...)
  lives.note(item.collection, item.record, table.concat({...}, ','))
end

function life_entries.note_found(item, id) note(item, '"f"', lives.text_of(id)) end

function life_entries.note_missing(item, what) note(item, '"m"', cjson.encode(what)) end

-- *detail*: when, or the id of the item; *slugs*: that are known to be edited.
function life_entries.note_edited(item, what, detail, slugs)
  note(item, '"e"', cjson.encode(what), lives.text_of(detail), lives.list_of(slugs or {}))
end

function life_entries.note_letter(item, act, letter, why, slugs)
  note(item, '"t"', cjson.encode(act), lives.text_of(letter), lives.text_of(why), lives.list_of(slugs) .. lives.run_text())
end

function life_entries.note_rewritten(item, by, slugs)
  note(item, '"w"', cjson.encode(by), lives.list_of(slugs) .. lives.run_text())
end

function life_entries.note_back(item) note(item, '"b"') end

function life_entries.note_merged(item, key, fields, overtaken) note(item, '"g"', lives.text_of(key), fields, overtaken) end

-- A field waits for items that it refers to.
function life_entries.note_blocked(item, slug, to, keys)
  note(item, '"r"', lives.text_of(slug), lives.text_of(to), lives.list_of({unpack(keys, 1, math.min(#keys, REFERS))}), #keys)
end

function life_entries.note_published(collection, record, by_site)
  lives.note(collection, record, by_site and '"o","site"' or '"o","item"')
end

function life_entries.note_staged(item, why) note(item, '"s"', lives.text_of(why)) end

function life_entries.note_held(item, act, by) note(item, '"h"', cjson.encode(act), lives.text_of(by)) end

function life_entries.note_slug(item, slug, instead, passed)
  note(item, '"i"', lives.text_of(slug), lives.text_of(instead), lives.text_of(passed))
end

return life_entries

"""
The keys of the store, and what each holds. The steps (``workers/store/lua``) write them.

=========================================  ====================================================
``instep:item:<collection>:<record>``      hash: the fields of one item (``state.lua``)
``instep:due:<collection>:<lane>``         sorted set: records by the ms at which they may be sent
``instep:due:<collection>:<lane>:sought``  the same, of those that wait for an id; ``:room``: room
``instep:part:<part>``                     one of its two parts was taken (``batching.lua``)
``instep:waiting:<collection>``            sorted set: records by the ms since which they wait
``instep:lookup:<collection>``             sorted set: records that wait for an item id
``instep:filter:<collection>``             sorted set: those of them to be asked for by filter
``instep:wanted:<collection>``             sorted set: keys that references wait for, by the ms of
                                           the next look (``references.lua``)
``instep:waiters:<collection>:<key>``      set: the items that wait for it; ``instep:waking:…``: of
                                           one that has come
``instep:slices``, ``instep:slice:<name>`` what is left to be done in slices (``slices.lua``);
                                           ``instep:slice-number``: a counter
``instep:sliced…``, ``instep:slicing:…``   deliveries that are accepted so (``sliced.lua``)
``instep:ids:<collection>:<copy>``         hash: key → item id
``instep:keys:<collection>:<copy>``        hash: item id → key
``instep:born:<collection>:<copy>``        hash: item id → createdOn
``instep:status:<collection>:<copy>``      hash: item id → status as last seen (``status.lua``)
``instep:not-live:<collection>``           set: records that are written staged only (likewise)
``instep:twins:<collection>:<copy>``       hash: id of an item with the key of an older one → key
``instep:listed:<collection>:<copy>``      set: ids met since the round began
``instep:index:<collection>:<copy>``       hash: how far the listing is; ``:edits``, ``:round``: as
                                           far those that nobody waits for; ``:filter``
``instep:schema:<collection>:<copy>``      the collection's fields, JSON; when read: in the index
``instep:site:…``, ``instep:variants:…``   locales, and variants (``workers/store/locales.py``)
``instep:collection:<collection>``         hash: paused, by, since; what it waits for
``instep:destination:<destination>``       hash: calls, breaker, pause, gate
``instep:flight:<destination>``            sorted set: requests on their way, by their end
``instep:flight:<destination>:lower``      those of them that are not of the live lane; ``:files``:
                                           those that import files
``instep:budget:<token hash>``             hash: the budget (``rate_limiter.lua``)
``instep:budget:<token hash>:queue``       sorted set: who comes for a slot, by the ms
``instep:spool:<file>``, ``instep:spools``  what was drained (``spooled.lua``); who drains
``instep:source:<source>``                 hash: deliveries, duplicates, secret:<mark>, refused…
``instep:seen:<source>``, ``…:<g>:<n>``    its generations, and sets: ids (``deduplication.lua``)
``instep:seen-bytes``                      hash: what those take, by source
``instep:letter:<id>``                     hash: one dead letter (``store/dead_letters.py``)
``instep:letters``, ``…:closed``           sorted sets: open and closed letters by time
``instep:letters:raw:<source>``            set: open letters of events that could not be read whole
``instep:raw:<hash>``, ``instep:raw-bytes``  hashes: one raw body for its letters and its notices
                                           that wait for a fetch; bytes by source
``instep:fetch…``, ``instep:cursors:…``    objects to be fetched (``store/fetch_queue.py``)
``instep:given:<collection>:<source>``     set: the records of its last snapshot; ``:as-of``
``instep:tombstones``                      sorted set: items that are gone (``retirements.lua``)
``instep:resting``                         records at rest that no item has (``resting.lua``)
``instep:kept…``                           deliveries that are kept (``delivery_log.lua``)
``instep:counts``                          hash: the counters of P4
``instep:guard:…``                         what the guard of runs counts (``run_counts.py``)
``instep:history``, ``…-trimmed``          stream: what happened, bounded (``history.lua``)
``instep:clock``                           how far it is, and went back (``store/clock.py``)
``instep:losses…``                         what it may lack (``workers/store/losses.py``)
``instep:witness``                         how far it has come is seen (``store/witness.py``)
``instep:logs:<source>``                   hash: the logs of its servers (``logs.lua``)
``instep:stale…``                          what was overtaken before it came (``overtaken.lua``)
``instep:arrival``, ``…letter-number``     counters
``instep:call:<token>``                    the answer of a step, for a repeat of the call
``instep:wake:<destination>``              a job is on its way; ``:fetch`` is the fetch queue
``instep:version``, ``…upgrade…``, ``…merged``  what it is: ``workers/store/version.py``, upgrade.py
``instep:forgetting:…``, ``…rewrite:…``    a record that is being erased (``store/erasure.py``)
``instep:memory``                          what each family of keys takes (``store/memory.py``)
``instep:wakes``, ``instep:nudge``         when destinations are to be woken; a nudge to the sweep
=========================================  ====================================================
"""

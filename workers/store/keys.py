"""
Every key of the store: its name, and what it holds.

Here stand those that Python touches, by subject. The Lua steps (``workers/store/lua``) write nearly
all of them under the same names; these kinds they alone touch:

- ``part:<part>``: one of its two parts was taken; ``fetch:<fetcher>:<source>:<object>``: hash
- ``waiters:<collection>:<key>``: set: the items that wait for it; ``waking:``: has come
- ``slice:<name>``, ``slice-number``, ``sliced-bytes``, ``sliced-of:<name>``: ``slices.lua``
- ``born:``, ``status:<collection>:<copy>``: hashes: item id → createdOn, status as last seen
- ``listed:<collection>:<copy>``: set: ids met since the round began
- ``budget:<token hash>``: hash: the budget; ``:queue``: sorted set: who comes for a slot
- ``spool:<file>``: what was drained of it (``spool.lua``)
- ``seen:<source>``, ``seen-bytes``: its generations and sets of ids (``deduplication.lua``)
- ``cursors:<fetcher>``: hash: ``<source>:<object>`` → cursor
- ``tombstones``, ``resting``: items that are gone; records at rest that no item has
- ``guard:<collection>:<copy>``: hash: what a run counts (``run_counts.lua``)
- ``logs:<source>``: hash: the logs of its servers (``source_logs.lua``)
- ``call:<token>``: the answer of a step, for a repeat of the call
- ``history-trimmed``, ``letter-number``, ``wakes``: how far it was cut; a counter; times to wake
"""

from __future__ import annotations

from typing import Final

PREFIX: Final = "instep:"
RQ: Final = "rq:"  # the keys of RQ


def kind_of(key: str) -> str:
    """Return the kind of *key*, which is one of ours."""
    return key.removeprefix(PREFIX).partition(":")[0]


def rest_of(key: str) -> str:
    """Return what follows the kind of *key*, which is one of ours."""
    return key.removeprefix(PREFIX).partition(":")[2]


def every(kind: str) -> str:
    """Return the pattern of all keys of *kind*."""
    return f"{PREFIX}{kind}:*"


# The store itself -------------------------------------------------------------------------------

VERSION = f"{PREFIX}version"  # which form it has (``version.py``)
UPGRADE = f"{PREFIX}upgrade"  # lock: who brings it to this version (``upgrade.py``)
UPGRADED = f"{PREFIX}upgraded"  # when that was done
MERGED = f"{PREFIX}merged"  # hash: how many records of a collection were merged
KEY_PARTS = f"{PREFIX}key-parts"  # hash: of how many parts the keys of a collection are
CLOCK = f"{PREFIX}clock"  # how far its clock is, and went back (``sweep.lua``)
MEMORY = f"{PREFIX}memory"  # JSON: what each family of keys takes (``memory.py``)
LOSSES = f"{PREFIX}losses"  # hash: what it may lack (``losses.lua``)
LOSSES_PROVEN = f"{LOSSES}:proven"
LOSSES_NUMBER = f"{LOSSES}:number"
WITNESS = f"{PREFIX}witness"  # a file outside tells how far it had come (``witness.py``)
ARRIVAL = f"{PREFIX}arrival"  # counter: the newest arrival number
COUNTS = f"{PREFIX}counts"  # hash: the counters of promise 4
HISTORY = f"{PREFIX}history"  # stream: what happened, bounded (``history_trim.lua``)


# Processes and what wakes them ------------------------------------------------------------------

PROCESSES = f"{PREFIX}processes"  # hash: one field a supervisor (``runtime/heartbeats.py``)
SWEEPER = f"{PREFIX}sweeper"  # lock: who sweeps (``runtime/jobs.py``)
RECONCILER = f"{PREFIX}reconciler"  # lock: who starts reconciles (``reconcile/schedule.py``)
NUDGE = f"{PREFIX}nudge"  # list: makes the sweeper look now
SPOOLS = f"{PREFIX}spools"  # hash: one field a spool that holds deliveries (``spool_marks.py``)


def reconciling(collection: str) -> str:
    """Lock: who reconciles it (``service/reconcile/lock.py``)."""
    return f"{PREFIX}reconciling:{collection}"


def reconciled(collection: str) -> str:
    """Hash: when its last run began and ended, and how (``service/reconcile/past_runs.py``)."""
    return f"{PREFIX}reconciled:{collection}"


def wake(queue: str) -> str:
    """A job for this destination, or for the fetch queue, is on its way."""
    return f"{PREFIX}wake:{queue}"


# Items and the outbox ---------------------------------------------------------------------------


def item(collection: str, record: str) -> str:
    """Hash: the fields of one item (``items.lua``)."""
    return f"{PREFIX}item:{collection}:{record}"


def due(collection: str, lane: str, waits_for: str = "") -> str:
    """
    Sorted set: records by the ms at which they may be sent.

    Args:
        waits_for: "sought": those that wait for an id; "room": those that wait for a plan limit.
    """
    name = f"{PREFIX}due:{collection}:{lane}"
    return f"{name}:{waits_for}" if waits_for else name


def waiting(collection: str) -> str:
    """Sorted set: records by the ms since which they wait."""
    return f"{PREFIX}waiting:{collection}"


def not_live(collection: str) -> str:
    """Set: records that are written staged only (``item_status.lua``)."""
    return f"{PREFIX}not-live:{collection}"


def given(collection: str, source: str) -> str:
    """
    Set: the records of the last snapshot of *source* (``service/reconcile/given.py``).

    ``:as-of``: the ms at which that was taken; ``:<token>``: the set that takes its place.
    """
    return f"{PREFIX}given:{collection}:{source}"


def collection(name: str) -> str:
    """Hash: paused, by, since; what the collection waits for (``record_health.lua``)."""
    return f"{PREFIX}collection:{name}"


def destination(name: str) -> str:
    """Hash: calls, breaker, pause, gate (``record_health.lua``)."""
    return f"{PREFIX}destination:{name}"


def flight(destination: str) -> str:
    """Sorted set: requests on their way, by their end; ``:lower``, ``:files``: some of them."""
    return f"{PREFIX}flight:{destination}"


# What the CMS holds: a copy is one site address and one collection id (`Settings.copy_of`) -------


def item_ids(collection: str, copy: str) -> str:
    """Hash: key → item id."""
    return f"{PREFIX}ids:{collection}:{copy}"


def item_keys(collection: str, copy: str) -> str:
    """Hash: item id → key."""
    return f"{PREFIX}keys:{collection}:{copy}"


def twins(collection: str, copy: str) -> str:
    """Hash: id of an item with the key of an older one → key (``duplicate_keys.lua``)."""
    return f"{PREFIX}twins:{collection}:{copy}"


def index(collection: str, copy: str, listing: str = "") -> str:
    """
    Hash: how far the listing is (``listing_schedule.lua``), and when the schema was read.

    Args:
        listing: "edits", "round", "reconcile": another listing than the one that items wait for;
            "filter": what the site answers to one.
    """
    name = f"{PREFIX}index:{collection}:{copy}"
    return f"{name}:{listing}" if listing else name


def index_of(collection: str, copy: str) -> list[str]:
    """Return all keys that a listing fills."""
    kinds = ("ids", "keys", "born", "twins", "listed")
    listings = ("", "edits", "round", "reconcile", "filter")
    return [
        *(f"{PREFIX}{kind}:{collection}:{copy}" for kind in kinds),
        *(index(collection, copy, listing) for listing in listings),
    ]


def schema(collection: str, copy: str) -> str:
    """JSON: the collection's fields."""
    return f"{PREFIX}schema:{collection}:{copy}"


def site(collection: str, copy: str) -> str:
    """Hash: the locales of its site (``locales.py``)."""
    return f"{PREFIX}site:{collection}:{copy}"


def variants(collection: str, copy: str) -> str:
    """Hash: item id → its variants (``locales.lua``)."""
    return f"{PREFIX}variants:{collection}:{copy}"


def lookup(collection: str) -> str:
    """Sorted set: records that wait for an item id."""
    return f"{PREFIX}lookup:{collection}"


def filtered(collection: str) -> str:
    """Sorted set: those of `lookup` that are asked for by filter."""
    return f"{PREFIX}filter:{collection}"


def wanted(collection: str) -> str:
    """Sorted set: keys that references wait for, by the ms of the next look."""
    return f"{PREFIX}wanted:{collection}"


# Deliveries -------------------------------------------------------------------------------------

SLICES = f"{PREFIX}slices"  # list: what is left to be done in slices (``slices.lua``)
SLICED = f"{PREFIX}sliced"  # list: deliveries accepted in slices (``sliced_deliveries.lua``)


def sliced(name: str) -> str:
    """Hash: one delivery that is accepted in slices."""
    return f"{SLICED}:{name}"


def slicing(name: str) -> str:
    """List: the pieces of a delivery that is handed over to be sliced."""
    return f"{PREFIX}slicing:{name}"


def source(name: str) -> str:
    """Hash: deliveries, duplicates, secret:<mark>, refused…"""
    return f"{PREFIX}source:{name}"


def stale(source: str) -> str:
    """What was overtaken before it came (``stale_values.lua``)."""
    return f"{PREFIX}stale:{source}"


def kept(source: str, part: str = "") -> str:
    """
    Stream: the deliveries that are kept (``delivery_log.lua``).

    Args:
        part: "words": stream: what those are packed by (``compression.py``); "state": hash: bytes,
            and what was let go; "places": hash: number of a delivery → which events were taken.
    """
    return f"{PREFIX}kept-{part}:{source}" if part else f"{PREFIX}kept:{source}"


# Dead letters -----------------------------------------------------------------------------------

LETTERS = f"{PREFIX}letters"  # sorted set: the open ones by time
LETTERS_CLOSED = f"{LETTERS}:closed"
RAW_BYTES = f"{PREFIX}raw-bytes"  # hash: what raw bodies take, by source


def letter(id: str) -> str:
    """Hash: one dead letter (``dead_letters.py``)."""
    return f"{PREFIX}letter:{id}"


def letters_raw(source: str) -> str:
    """Set: open letters of events that could not be read whole."""
    return f"{LETTERS}:raw:{source}"


def raw(hash: str) -> str:
    """Hash: one raw body for its letters, and its notices that wait for a fetch."""
    return f"{PREFIX}raw:{hash}"


# The fetch queue (``fetch_queue.py``) -----------------------------------------------------------

FETCHERS = f"{PREFIX}fetchers"  # set: the fetchers that were ever asked for anything


def fetcher(name: str) -> str:
    """Hash: asked, merged, done, dead; failures, success, paused."""
    return f"{PREFIX}fetcher:{name}"


def fetches(fetcher: str, which: str = "") -> str:
    """
    Sorted set: ``<source>:<object>`` by the ms at which it may be fetched.

    Args:
        which: "waiting": by the ms since which it waits; "failing": set: what is tried again.
    """
    return f"{PREFIX}fetches-{which}:{fetcher}" if which else f"{PREFIX}fetches:{fetcher}"


# Erasure (``erasure.py``) -----------------------------------------------------------------------


def forgetting(hash: str) -> str:
    """The mark of a run that has not come to its end."""
    return f"{PREFIX}forgetting:{hash}"


def rewrite(token: str) -> str:
    """Stream: one that is written anew (``rewrite_stream.lua``)."""
    return f"{PREFIX}rewrite:{token}"

"""
Every key of the store: its name, and what it holds.

The functions below build the keys that Python uses, by subject. Most of them are written by the Lua
steps (``workers/store/lua``) under the same names; these kinds are used by the steps only:

- ``part:<part>``: one of two parts was accepted; ``fetch:<fetcher>:<source>:<object>``: hash
- ``waiters:<collection>:<key>``: set: items that wait for it; ``waking:``: it has come
- ``slice:<name>``, ``slice-number``, ``sliced-bytes``, ``sliced-of:<name>``: ``slices.lua``
- ``born:``, ``status:<collection>:<copy>``: hashes: item id → createdOn, last status
- ``listed:<collection>:<copy>``: set: ids seen in this round
- ``seen:<source>``, ``seen-bytes``: generations and sets of ids (``deduplication.lua``)
- ``held-delay:<collection>``: sorted set: held retirements that no step has decided on
- ``tombstones``, ``resting``: items that are gone; retired records without an item
- ``guard:<collection>:<copy>``: hash: counts of runs (``run_counts.lua``)
- ``cursors:<fetcher>``, ``logs:<source>``: hashes: object → cursor; logs (``source_logs.lua``)
- ``writer:<process>``: number of its last write (``counts_writer.py``)
- ``call:<token>``: the answer of a step, for a repeat of the call
- ``published-sites``: hash: site id → ms at which its last publish was asked for
- ``letter-number``, ``wakes``: a counter; times to wake
- ``history``, ``history-trimmed``: of an older release
"""

from __future__ import annotations

from typing import Final

PREFIX: Final = "instep:"
RQ: Final = "rq:"  # the keys of RQ


def kind_of(key: str) -> str:
    return key.removeprefix(PREFIX).partition(":")[0]


def rest_of(key: str) -> str:
    """Return *key* without prefix and kind."""
    return key.removeprefix(PREFIX).partition(":")[2]


def of_steps(kind: str, *names: str) -> str:
    """Return a key of a kind that the steps alone write."""
    return ":".join((f"{PREFIX}{kind}", *names))


def every(kind: str) -> str:
    """Return the pattern of all keys of *kind*."""
    return f"{PREFIX}{kind}:*"


# The store itself -------------------------------------------------------------------------------

VERSION = f"{PREFIX}version"  # of the stored form (``version.py``)
UPGRADE = f"{PREFIX}upgrade"  # lock: who upgrades the store (``upgrade.py``)
UPGRADED = f"{PREFIX}upgraded"  # when it was upgraded
# hash: ms from which records at rest may be packed; where the round is (``packing.py``)
PACKING = f"{PREFIX}packing"
MERGED = f"{PREFIX}merged"  # hash: collection → merged records
KEY_PARTS = f"{PREFIX}key-parts"  # hash: collection → number of parts of its keys
CLOCK = f"{PREFIX}clock"  # its time, and how far it went back (``sweep.lua``)
MEMORY = f"{PREFIX}memory"  # JSON: bytes per family of keys (``memory.py``)
LOSSES = f"{PREFIX}losses"  # hash: data that may be missing (``losses.lua``)
LOSSES_PROVEN = f"{LOSSES}:proven"
LOSSES_NUMBER = f"{LOSSES}:number"
WITNESS = f"{PREFIX}witness"  # a file outside records its progress (``witness.py``)
ARRIVAL = f"{PREFIX}arrival"  # counter: the newest arrival number
COUNTS = f"{PREFIX}counts"  # hash: the counters of promise 4
LIVE_FEED = f"{PREFIX}live-feed"  # a channel, no key: what comes and goes (``live_feed.py``)
AUDIT_TOLD = f"{PREFIX}audit-told"  # id of the entry up to which the log tells of them
ALERTS = f"{PREFIX}alerts"  # hash: what was reported, and what is usual (``alert_memory.py``)
ALERTER = f"{PREFIX}alerter"  # lock: who reports (``workers/alerts/watch.py``)
AUDIT = f"{PREFIX}audit"  # stream: what operators changed, trimmed (``audit.py``)
METRICS = f"{PREFIX}metrics"  # hash: counters that only rise (``counters.py``)
FRESHNESS = f"{PREFIX}freshness"  # hash: how old values were of late (``freshness.lua``)
SECRETS_USED = f"{PREFIX}secrets-used"  # hash: when each secret was used last (``sample.lua``)


def samples(grain: str) -> str:
    """Hash: number of a slot of time → what the counters said in it (``minute_samples.py``)."""
    return f"{PREFIX}samples:{grain}"


# Processes and what wakes them ------------------------------------------------------------------

PROCESSES = f"{PREFIX}processes"  # hash: a field per supervisor (``runtime/heartbeats.py``)
WORKERS_SEEN = f"{PREFIX}workers-seen"  # s since 1970: the last heartbeat of a worker (the same)
SWEEPER = f"{PREFIX}sweeper"  # lock: who sweeps (``runtime/jobs.py``)
RECONCILER = f"{PREFIX}reconciler"  # lock: who starts reconciles (``reconcile/schedule.py``)
NUDGE = f"{PREFIX}nudge"  # list: wakes the sweeper
SPOOLS = f"{PREFIX}spools"  # hash: a field per spool with deliveries (``spool_marks.py``)


def logins(address: str = "") -> str:
    """Sorted set: the wrong tokens of the last minute, from one address or all."""
    return f"{PREFIX}login:{address}"


def ended_login(id: str) -> str:
    """A login to the console that was ended by hand (``ended_logins.py``)."""
    return f"{PREFIX}login-ended:{id}"


def confirmed(token: str) -> str:
    """The run that a confirmation of the console began (``confirmations.py``)."""
    return f"{PREFIX}confirmed:{token}"


def reconciling(collection: str) -> str:
    """Lock: who reconciles (``service/reconcile/lock.py``)."""
    return f"{PREFIX}reconciling:{collection}"


def pulled(pull: str) -> str:
    """Hash: what its next run saves calls by (``service/pulls/pull_state.py``)."""
    return f"{PREFIX}pulled:{pull}"


def reconciled(collection: str) -> str:
    """Hash: start, end and result of its last run (``service/reconcile/state/past_runs.py``)."""
    return f"{PREFIX}reconciled:{collection}"


def wake(queue: str) -> str:
    """Marker: a job for this destination, or the fetch queue, is queued."""
    return f"{PREFIX}wake:{queue}"


# Items and the outbox ---------------------------------------------------------------------------


def item(collection: str, record: str) -> str:
    """Hash: the fields of one item (``items.lua``)."""
    return f"{PREFIX}item:{collection}:{record}"


def due(collection: str, lane: str, waits_for: str = "") -> str:
    """
    Sorted set: records by the ms at which they may be sent.

    *waits_for*: "sought": those without an item id yet; "room": those that wait for a plan limit.
    """
    name = f"{PREFIX}due:{collection}:{lane}"
    return f"{name}:{waits_for}" if waits_for else name


def waiting(collection: str) -> str:
    """Sorted set: records by the ms since which they wait."""
    return f"{PREFIX}waiting:{collection}"


def not_live(collection: str) -> str:
    """Set: records written staged only (``item_status.lua``)."""
    return f"{PREFIX}not-live:{collection}"


def unpublished(collection: str) -> str:
    """Sorted set: records that wait to be published, by ms (``unpublished.lua``)."""
    return f"{PREFIX}unpublished:{collection}"


def unpublished_of(collection: str) -> str:
    """Hash: record → JSON: what of it waits to be published."""
    return f"{PREFIX}unpublished-of:{collection}"


def unpublished_since(collection: str) -> str:
    """Sorted set: the same by the ms since which the oldest value of each waits."""
    return f"{PREFIX}unpublished-since:{collection}"


def unpublished_held(collection: str) -> str:
    """Set: those of them that others have edited, on which a person decides."""
    return f"{PREFIX}unpublished-held:{collection}"


def publishing(destination: str) -> str:
    """Hash: the round of publishing, and why nothing is published (``unpublished.lua``)."""
    return f"{PREFIX}publishing:{destination}"


def redirects(collection: str) -> str:
    """Hash: old slug → JSON [record, ms of the change] (``redirects.lua``)."""
    return f"{PREFIX}redirects:{collection}"


def redirects_at(collection: str) -> str:
    """Sorted set: the same slugs by that time."""
    return f"{PREFIX}redirects-at:{collection}"


def given(collection: str, source: str) -> str:
    """
    Set: the records of the snapshots of *source* (``service/reconcile/state/source_records.py``).

    ``:as-of``: the ms of the last whole snapshot; ``:<token>``: the set that will replace it.
    """
    return f"{PREFIX}given:{collection}:{source}"


def collection(name: str) -> str:
    """Hash: paused, by, since; what it waits for (``record_health.lua``)."""
    return f"{PREFIX}collection:{name}"


PAUSES = f"{PREFIX}pauses"  # hash: sources and lanes of which nothing is sent (``pauses.py``)


def paused(collection: str, source: str) -> str:
    """Sorted set: records with values of a paused source, by the ms since which they wait."""
    return f"{PREFIX}paused:{collection}:{source}"


def destination(name: str) -> str:
    """Hash: calls, breaker, pause, gate (``record_health.lua``)."""
    return f"{PREFIX}destination:{name}"


def budget(token: str) -> str:
    """Hash: the budget of the token with this hash; ``:queue``: sorted set: who waits."""
    return f"{PREFIX}budget:{token}"


def flight(destination: str) -> str:
    """Sorted set: requests in progress, by deadline; ``:lower``, ``:files``: some of them."""
    return f"{PREFIX}flight:{destination}"


def life(collection: str, record: str) -> str:
    """List: what happened to one record, oldest first (``life_entries.lua``)."""
    return f"{PREFIX}life:{collection}:{record}"


LIVES = f"{PREFIX}lives"  # sorted set: ``<collection>:<record>`` by the ms of its oldest entry
LIVES_STATE = f"{LIVES}:state"  # hash: bytes, dropped, till (``lives.lua``)
# What the CMS holds: a copy is one site address and one collection id (`Settings.copy_of`) -------


def item_ids(collection: str, copy: str) -> str:
    """Hash: key → item id."""
    return f"{PREFIX}ids:{collection}:{copy}"


def item_keys(collection: str, copy: str) -> str:
    """Hash: item id → key."""
    return f"{PREFIX}keys:{collection}:{copy}"


def twins(collection: str, copy: str) -> str:
    """Hash: id of an item whose key an older one has → key (``duplicate_keys.lua``)."""
    return f"{PREFIX}twins:{collection}:{copy}"


def index(collection: str, copy: str, listing: str = "") -> str:
    """
    Hash: progress of the listing (``listing_schedule.lua``), and when the schema was read.

    *listing*: "edits", "round" or "reconcile": a listing that no item waits for; "filter": how the
    site answers filters.
    """
    name = f"{PREFIX}index:{collection}:{copy}"
    return f"{name}:{listing}" if listing else name


def index_of(collection: str, copy: str) -> list[str]:
    """Return all keys that listings fill."""
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
    """Sorted set: the part of `lookup` that is looked up by filter."""
    return f"{PREFIX}filter:{collection}"


def wanted(collection: str) -> str:
    """Sorted set: keys that references wait for, by the ms of the next lookup."""
    return f"{PREFIX}wanted:{collection}"


# Deliveries -------------------------------------------------------------------------------------

SLICES = f"{PREFIX}slices"  # list: work to do in slices (``slices.lua``)
SLICED = f"{PREFIX}sliced"  # list: deliveries accepted in slices (``sliced_deliveries.lua``)


def sliced(name: str) -> str:
    """Hash: a delivery accepted in slices."""
    return f"{SLICED}:{name}"


def slicing(name: str) -> str:
    """List: the pieces of a delivery on their way to be sliced."""
    return f"{PREFIX}slicing:{name}"


def source(name: str) -> str:
    """Hash: deliveries, duplicates, secret:<mark>, refused…"""
    return f"{PREFIX}source:{name}"


def stale(source: str) -> str:
    """Hash: values overtaken before they came (``stale_values.lua``)."""
    return f"{PREFIX}stale:{source}"


def kept(source: str, part: str = "") -> str:
    """
    Stream: the kept deliveries (``delivery_log.lua``).

    *part*: "words": stream: their dictionaries (``compression.py``); "state": hash: bytes, and what
    was dropped; "places": hash: number of a delivery → which events were accepted.
    """
    return f"{PREFIX}kept-{part}:{source}" if part else f"{PREFIX}kept:{source}"


# Dead letters -----------------------------------------------------------------------------------

LETTERS = f"{PREFIX}letters"  # sorted set: the open ones by time
LETTERS_CLOSED = f"{LETTERS}:closed"
RAW_BYTES = f"{PREFIX}raw-bytes"  # hash: source → bytes of raw bodies


def letter(id: str) -> str:
    """Hash: one dead letter (``letter.py``)."""
    return f"{PREFIX}letter:{id}"


def letters_raw(source: str) -> str:
    """Set: open letters of events that could not be mapped in full."""
    return f"{LETTERS}:raw:{source}"


def raw(hash: str) -> str:
    """Hash: one raw body, for its letters and notices."""
    return f"{PREFIX}raw:{hash}"


# The fetch queue (``fetch_queue.py``) -----------------------------------------------------------

FETCHERS = f"{PREFIX}fetchers"  # set: all fetchers ever used


def fetcher(name: str) -> str:
    """Hash: asked, merged, done, dead; failures, success, paused."""
    return f"{PREFIX}fetcher:{name}"


def fetches(fetcher: str, which: str = "") -> str:
    """
    Sorted set: ``<source>:<object>`` by the ms at which it may be fetched.

    *which*: "waiting": by the ms since which it waits; "failing": set: objects being retried.
    """
    return f"{PREFIX}fetches-{which}:{fetcher}" if which else f"{PREFIX}fetches:{fetcher}"


# Erasure (``erasure.py``) -----------------------------------------------------------------------


def forgetting(hash: str) -> str:
    """Marks a run of ``instep forget`` that has not finished."""
    return f"{PREFIX}forgetting:{hash}"


def rewrite(token: str) -> str:
    """Stream: the new copy of one (``rewrite_stream.lua``)."""
    return f"{PREFIX}rewrite:{token}"

"""Each need has words of its own."""

import re

import pytest

from service.operate.need_titles import TITLES, title_of
from tests.unit.operate.test_attention import ROWS

LATER = "what a later release says"
WORDS = [
    ("store away", "The store does not answer"),
    ("store loads", "The store reads its data after a start"),
    ("store weak", "The store may lose what it holds"),
    ("store newer", "A later release has written the store"),
    ("store forbidden", "The store refuses the user or password of Instep"),
    ("store older than it was", "The store may have lost changes"),
    ("memory full", "The store is full: it takes no new deliveries"),
    ("memory short", "The store is nearly full"),
    ("spool full", "Deliveries are refused: the disk has no room for them"),
    ("spool waits", "Deliveries wait on the disk for the store"),
    ("spool damaged", "A delivery on the disk is damaged"),
    ("no worker", "Nothing is sent: no worker runs"),
    ("worker hung", "A worker hangs"),
    ("web hung", "A web process hangs"),
    ("supervisor hung", "The supervisor hangs"),
    ("lane live: paused", "Live changes are paused"),
    ("lane replay: paused", "Replays are paused"),
    ("lane reconcile: paused", "Changes of reconciles are paused"),
    ("destination site: paused", "site is paused"),
    ("source a: paused: paused", "a: paused is paused"),
    ("collection products: outage", "products does not answer"),
    ("destination site: publish held", "site is not published: others have queued items"),
    ("destination site: publish failed", "site is not published: the CMS refuses it"),
    ("counters do not balance", "The counters do not add up: values may be missing"),
    ("collection products: not published", "products waits for a publish of its site"),
    (
        "collection products: plan limit",
        "The plan of the CMS has no room for new items of products",
    ),
    ("collection products: late", "Changes of products are late"),
    ("collection products: locales unknown", "The locales of products cannot be read"),
    ("collection products: 1 delete waits for approval", "1 delete in products waits for approval"),
    (
        "collection products: 1200 deletes wait for approval",
        "1,200 deletes in products wait for approval",
    ),
    (
        "collection products: 1 item waits to be published",
        "1 item of products is not published: somebody else has edited it",
    ),
    (
        "collection products: 1200 items wait to be published",
        "1,200 items of products are not published: somebody else has edited them",
    ),
    ("writeback old: removed", "What old was to tell is told no more"),
    ("source erp: every delivery refused", "Every delivery of erp is refused"),
    ("source erp: most requests refused", "Most requests of erp are refused"),
    ("source erp: silent", "erp has fallen silent"),
    ("source erp: nothing wanted", "No mapping takes what erp sends"),
    ("source erp: only older values", "erp sends only values older than those held"),
    ("source erp: no room for payloads", "No room to keep more payloads of erp"),
    ("problem g1: 3000 refused in products", "Refused by the CMS: 3,000 in products"),
    ("problem g1: 2 unmapped in erp", "Does not fit the mapping: 2 in erp"),
    ("problem g1: 2 later in erp", "Later: 2 in erp"),
    ("1 more problems", "1 more problem"),
    ("4 more problems", "4 more problems"),
    ("replay r9: proposed", "Replay was proposed, and waits for a person"),
    ("approve r9: proposed", "An approval of deletes was proposed, and waits for a person"),
    ("drop r9: proposed", "Dropping deletes was proposed, and waits for a person"),
    ("undo r7: held", "Undo of many records waits for approval"),
    ("reconcile products: held", "The reconcile of products waits for approval"),
    ("reconcile products: failed", "The reconcile of products failed"),
    ("reconcile products: killed", "The reconcile of products was killed"),
    ("reconcile products: overdue", "The reconcile of products is overdue"),
    ("source feed: pull held", "What was pulled from feed waits for approval"),
    ("source feed: pull failed", "feed could not be pulled as a whole"),
    ("source feed: pull killed", "The pull of feed was killed"),
    ("source feed: pull overdue", "The pull of feed is overdue"),
    ("fetcher shop: outage", "shop does not answer: what it said has changed cannot be read"),
    ("fetcher shop: waiting", "shop refuses to show some of what it said has changed"),
    ("writeback shop: outage", "shop does not answer: what became of records is not told"),
    ("writeback shop: paused", "The write-back shop is paused"),
    ("alerts not delivered", "Alerts cannot be delivered"),
]


@pytest.mark.parametrize(("name", "words"), WORDS)
def test_a_name_in_the_words_of_who_reads_it(name, words):
    assert title_of(name) == words


def test_every_row_of_words_is_used():
    assert len({_row(name) for name, _ in WORDS}) == len(TITLES)


def _row(name):
    return next(n for n, (pattern, _) in enumerate(TITLES) if re.fullmatch(pattern, name))


@pytest.mark.parametrize("name", [name for name, *_ in ROWS if name != LATER])
def test_every_need_has_words(name):
    assert title_of(name) != name or name == "4 more problems"


def test_what_a_later_release_says_stays_as_it_is():
    assert title_of(LATER) == LATER

"""What a person should look at while the system works fully."""

from datetime import UTC, datetime

import pytest

from service.operate.notices import LATE, notices_of
from tests.support.status_numbers import COLLECTION, FETCHER, PROBLEM, RUN, SOURCE, flowing
from workers.store.fetch_queue import NOTHING_FETCHES
from workers.store.status import LOCALES_UNREAD

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
SINCE = "2026-05-12T09:20:00+00:00"


def noticed(**parts):
    return notices_of(flowing(**parts), NOW)


def collection(**entry):
    return {"collections": {"products": COLLECTION | entry}}


def source(**entry):
    return {"sources": {"erp": SOURCE | entry}}


def wait(reason):
    entry = {"reason": reason, "message": "409 Conflict", "since": SINCE, "records": 2}
    return collection(state="waiting", reason=reason, waits=[entry])


HELD = {"id": "r7", "kind": "undo", "state": "held", "started": SINCE, "reason": "many"}
STALLED = {"since": SINCE, "deliveries": 9, "behind": "5 s"}


def test_nothing_is_noticed_while_everything_flows():
    due = RUN | {"next": "2026-05-12T08:31:00+00:00"}  # another may run before it
    assert noticed(fetchers={"shop": FETCHER}, reconciles={"products": RUN, "due": due}) == ()


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (0, "409 Conflict"),
        (1, "1 record waits. 409 Conflict"),
        (2, "2 records wait. 409 Conflict"),
    ],
)
def test_how_many_records_wait_is_told(records, why):
    status = wait("not published")
    status["collections"]["products"]["waits"][0]["records"] = records
    (notice,) = noticed(**status)
    assert notice.why == why


def test_a_held_reconcile_is_named_by_its_collection():
    assert noticed(held_runs=[HELD | {"kind": "reconcile"}]) == ()


@pytest.mark.parametrize(
    ("parts", "name", "since", "do"),
    [
        (
            collection(held_deletes=12, held_since=SINCE),
            "collection products: 12 deletes wait for approval",
            SINCE,
            "instep deletes list",
        ),
        (
            collection(held_deletes=1),
            "collection products: 1 delete waits for approval",
            None,
            "instep deletes list",
        ),
        (
            collection(edited_by_others=2),
            "collection products: 2 items wait to be published",
            None,
            "instep publish products",
        ),
        (
            {"held_runs": [HELD]},
            "undo r7: held",
            SINCE,
            "instep runs approve r7",
        ),
        ({"held_runs": [HELD | {"kind": "replay"}]}, "replay r7: held", SINCE, "drop it"),
        (
            {"proposals": [HELD | {"by": "mcp:ann@shop"}]},
            "undo r7: proposed",
            SINCE,
            "`instep runs approve r7`",
        ),
        (
            {"reconciles": {"products": RUN | {"next": "2026-05-12T08:29:00+00:00"}}},
            "reconcile products: overdue",
            "2026-05-12T08:29:00+00:00",
            "instep worker",
        ),
        (wait("not published"), "collection products: not published", SINCE, "publish the site"),
        (
            wait("plan limit"),
            "collection products: plan limit",
            SINCE,
            "instep resume collection:products",
        ),
        (
            collection(state="waiting", reason=f"{LOCALES_UNREAD}403"),
            "collection products: locales unknown",
            None,
            "sites:read",
        ),
        (
            {"problems": {"kinds": {}, "open": 1, "largest": [PROBLEM]}},
            "problem g1: 3 refused in products",
            PROBLEM["since"],
            "correct the mapping, then send it again: `instep dead replay --group g1`",
        ),
        (
            {"problems": {"kinds": {}, "open": 7, "largest": []}},
            "7 more problems",
            None,
            "instep dead list",
        ),
        (
            {"fetchers": {"shop": FETCHER | {"state": "outage"}}},
            "fetcher shop: outage",
            None,
            "renew its token",
        ),
        (
            {"fetchers": {"shop": FETCHER | {"state": "waiting"}}},
            "fetcher shop: waiting",
            None,
            "nothing",
        ),
        (
            {"fetchers": {"shop": FETCHER | {"state": "waiting", "reason": NOTHING_FETCHES}}},
            "fetcher shop: waiting",
            None,
            "instep worker",
        ),
        (
            source(deliveries=0, refused=4),
            "source erp: every delivery refused",
            None,
            "secrets",
        ),
        (
            source(deliveries=9, duplicates=1, unwanted=8),
            "source erp: nothing wanted",
            None,
            "take their topics in a mapping",
        ),
        (
            source(stalled=STALLED),
            "source erp: only older values",
            SINCE,
            "check the clock of the source",
        ),
        (source(unmapped_bytes=64), "source erp: no room for payloads", None, "mapping"),
        (
            {"reconciles": {"products": RUN | {"state": "held"}}},
            "reconcile products: held",
            RUN["ended"],
            "instep runs list --state held",
        ),
        (
            {"reconciles": {"products": RUN | {"state": "killed", "ended": None}}},
            "reconcile products: killed",
            RUN["began"],
            "run it again",
        ),
        ({"balanced": False}, "counters do not balance", None, "instep reconcile"),
    ],
)
def test_what_a_person_should_look_at_is_named_with_what_to_do(parts, name, since, do):
    (notice,) = noticed(**parts)
    assert (notice.name, notice.state, notice.since) == (name, "notice", since)
    assert do in notice.do


@pytest.mark.parametrize(
    ("state", "do"), [("flowing", "instep worker"), ("waiting", "requests_per_minute")]
)
def test_a_value_that_is_pending_for_long_is_named_since_it_came(state, do):
    (notice,) = noticed(**collection(state=state, pending_items=1, oldest_seconds=600.0))
    assert (notice.name, notice.since) == ("collection products: late", SINCE)
    assert do in notice.do


@pytest.mark.parametrize(
    "entry",
    [
        {"state": "flowing", "oldest_seconds": LATE - 1},
        {"state": "paused", "oldest_seconds": LATE},
        {"state": "outage", "oldest_seconds": LATE},
    ],
)
def test_late_is_not_said_of_what_has_a_reason_of_its_own(entry):
    assert noticed(**collection(**entry)) == ()


def test_a_problem_is_told_in_the_words_of_the_cms_which_name_its_fields_once():
    (notice,) = noticed(problems={"kinds": {}, "open": 1, "largest": [PROBLEM]})
    assert notice.why == PROBLEM["title"]


@pytest.mark.parametrize(
    "held",
    [
        source(state="paused", resting={"products": {"items": 1, "oldest_seconds": LATE}}),
        {"lanes": {"live": {"state": "paused", "reason": "a sale"}}},
    ],
)
def test_late_is_not_said_of_what_waits_for_a_source_or_a_lane(held):
    late = collection(oldest_seconds=LATE, lanes={"live": 1, "replay": 0, "reconcile": 0})
    assert [each.name for each in noticed(**late)] == ["collection products: late"]
    assert noticed(**late | held) == ()


def test_late_is_said_of_a_collection_where_nothing_waits_for_the_paused_source():
    held = source(state="paused", resting={"stores": {"items": 1, "oldest_seconds": LATE}})
    late = collection(oldest_seconds=LATE)
    assert [each.name for each in noticed(**late | held)] == ["collection products: late"]

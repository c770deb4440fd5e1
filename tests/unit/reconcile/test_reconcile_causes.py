"""Which cause a difference has, and what is done about it."""

from dataclasses import replace

import pytest

from service.reconcile.plan import causes
from service.reconcile.plan.field_match import FieldMatcher
from service.reconcile.plan.precedence import Precedence
from tests.support.comparisons import AS_OF, found, held, listed, t, wanted
from workers.fields.marks import mark_of
from workers.model.changes import sequence_version

MS_AS_OF = Precedence(AS_OF).as_of_ms
TWO = {"stock": 2}


@pytest.mark.parametrize(
    ("source", "outbox", "cms", "expected"),
    [
        pytest.param(wanted(1), held(1), listed(), [], id="all three say the same"),
        pytest.param(wanted(1), None, listed(), [], id="never had, and shown"),
        pytest.param(
            wanted(2), None, listed(), [(causes.MISSED, causes.ACCEPT)], id="never had, other"
        ),
        pytest.param(
            wanted(2, at=300), held(1), listed(), [(causes.MISSED, causes.ACCEPT)], id="newer"
        ),
        pytest.param(
            wanted(2, at=300),
            held(1),
            listed(fields=TWO),
            [(causes.SHOWN, causes.ADOPT)],
            id="newer, and shown by the CMS alone",
        ),
        pytest.param(wanted(1, at=300), held(1), listed(), [], id="newer, and the same"),
        pytest.param(
            wanted(1),
            held(1),
            listed(fields=TWO),
            [(causes.LOST, causes.REPAIR)],
            id="unchanged since our answer",
        ),
        pytest.param(
            wanted(1),
            held(1),
            listed(updated=201, fields=TWO),
            [(causes.EDITED, causes.REPAIR)],
            id="changed since our answer",
        ),
        pytest.param(
            wanted(1),
            held(1, answered=None),
            listed(fields=TWO),
            [(causes.LOST, causes.REPAIR)],
            id="no answer known",
        ),
        pytest.param(
            wanted(2, at=50), held(1), listed(), [(causes.OLDER, causes.NONE)], id="older"
        ),
        pytest.param(
            wanted(2, at=50),
            held(1),
            listed(fields={"stock": 3}),
            [(causes.LOST, causes.REPAIR)],
            id="older, and the newer one is not shown",
        ),
        pytest.param(
            wanted(2),
            held(1, came=MS_AS_OF - 60_001),
            listed(),
            [(causes.MISSED, causes.ACCEPT)],
            id="the same version, long before the snapshot",
        ),
        pytest.param(
            wanted(2),
            held(1, came=MS_AS_OF - 59_999),
            listed(),
            [(causes.UNDECIDED, causes.NONE)],
            id="the same version, shortly before the snapshot",
        ),
        pytest.param(
            wanted(2),
            held(1, came=MS_AS_OF, as_of=MS_AS_OF),
            listed(),
            [(causes.UNDECIDED, causes.NONE)],
            id="the same version, and of the snapshot that another one calls its time",
        ),
        pytest.param(
            wanted(2),
            held(1, came=MS_AS_OF - 60_001),
            listed(fields=TWO),
            [(causes.SHOWN, causes.ADOPT)],
            id="the same version, and somebody has put the CMS right",
        ),
        pytest.param(
            wanted(2),
            held(1, came=MS_AS_OF - 59_999),
            listed(fields=TWO),
            [(causes.SHOWN, causes.ADOPT)],
            id="undecided, and the CMS shows what the source has",
        ),
        pytest.param(
            wanted(2),
            held(1, came=MS_AS_OF + 1),
            listed(fields=TWO),
            [(causes.LOST, causes.REPAIR)],
            id="the event came since, and the CMS shows the source's value",
        ),
        pytest.param(
            wanted(2),
            held(1, came=MS_AS_OF - 60_001, state="pending"),
            listed(fields=TWO),
            [(causes.ON_ITS_WAY, causes.NONE)],
            id="the same version is on its way, though the CMS shows the source's value",
        ),
        pytest.param(
            wanted(2, at=300),
            held(1, state="pending"),
            listed(fields=TWO),
            [(causes.MISSED, causes.ACCEPT)],
            id="an older one is on its way, though the CMS shows the source's value",
        ),
        pytest.param(
            wanted(2),
            held(1, came=MS_AS_OF + 1),
            listed(),
            [(causes.LATER, causes.NONE)],
            id="the same version, after the snapshot",
        ),
        pytest.param(
            wanted(1),
            held(1, state="pending"),
            listed(fields=TWO),
            [(causes.ON_ITS_WAY, causes.NONE)],
            id="pending",
        ),
        pytest.param(
            wanted(1),
            held(1, mending=True),
            listed(fields=TWO),
            [(causes.ON_ITS_WAY, causes.NONE)],
            id="being repaired",
        ),
        pytest.param(
            wanted(3, at=300),
            held(1, state="pending"),
            listed(fields=TWO),
            [(causes.MISSED, causes.ACCEPT)],
            id="newer than what is pending",
        ),
        pytest.param(
            wanted(1),
            held(1, state="dead"),
            listed(fields=TWO),
            [(causes.LETTER, causes.NONE)],
            id="dead letter",
        ),
        pytest.param(wanted(1), held(1, state="dead"), listed(), [], id="dead, and shown"),
        pytest.param(
            wanted(1),
            held(1, state="discarded"),
            listed(fields=TWO),
            [(causes.DISCARDED, causes.NONE)],
            id="discarded",
        ),
        pytest.param(
            wanted(3, at=300),
            held(1, state="dead"),
            listed(fields=TWO),
            [(causes.MISSED, causes.ACCEPT)],
            id="newer than what is dead",
        ),
        pytest.param(
            wanted(2, at=4700),
            held(1),
            listed(),
            [(causes.UNFIT, causes.NONE)],
            id="ahead of the clock",
        ),
        pytest.param(
            wanted(2, at=None),
            held(1, at="s00000000000000000001"),
            listed(),
            [(causes.MISSED, causes.ACCEPT)],
            id="without a version, where a number is held",
        ),
    ],
)
def test_each_difference_of_a_field_has_one_cause(source, outbox, cms, expected):
    assert found(source, outbox, cms) == expected


@pytest.mark.parametrize(
    ("outbox", "item", "expected"),
    [
        pytest.param(None, {}, [(causes.MISSING, causes.CREATE)], id="never seen"),
        pytest.param(None, {"id": "i1"}, [(causes.DELETED, causes.AGAIN)], id="in the index"),
        pytest.param(held(1), {}, [(causes.DELETED, causes.AGAIN)], id="written once"),
        pytest.param(
            held(1, state="pending"), {}, [(causes.ON_ITS_WAY, causes.NONE)], id="pending"
        ),
        pytest.param(
            held(1), {"busy": True}, [(causes.ON_ITS_WAY, causes.NONE)], id="being created"
        ),
        pytest.param(held(1, state="dead"), {}, [(causes.LETTER, causes.NONE)], id="letter"),
        pytest.param(held(1, state="ignored"), {}, [(causes.IGNORED, causes.NONE)], id="ignored"),
        pytest.param(
            held(2, at=50, state="dead"), {}, [(causes.MISSING, causes.CREATE)], id="newer"
        ),
    ],
)
def test_a_record_without_an_item_was_deleted_or_never_there(outbox, item, expected):
    assert found(wanted(1), outbox, None, item=item) == expected


def test_what_is_missing_goes_the_way_of_the_collection():
    assert found(wanted(1), missing="ignore") == [(causes.MISSING, causes.IGNORE)]


def test_a_listing_with_holes_makes_nothing_missing():
    assert found(wanted(1), held(1), whole=False) == [(causes.UNLISTED, causes.NONE)]


@pytest.mark.parametrize(
    ("cms", "outbox", "orphans", "expected"),
    [
        pytest.param(listed(), None, "report", (causes.ORPHAN, causes.REPORT), id="report"),
        pytest.param(listed(), None, "archive", (causes.ORPHAN, causes.RETIRE), id="archive"),
        pytest.param(
            listed(archived=True), None, "archive", (causes.RETIRED, causes.NONE), id="archived"
        ),
        pytest.param(
            listed(draft=True, published=None),
            None,
            "draft",
            (causes.RETIRED, causes.NONE),
            id="draft",
        ),
        pytest.param(
            listed(draft=True), None, "draft", (causes.ORPHAN, causes.RETIRE), id="a live draft"
        ),
        pytest.param(
            listed(published=None), None, "unpublish", (causes.RETIRED, causes.NONE), id="not live"
        ),
        pytest.param(
            listed(archived=True), None, "delete", (causes.ORPHAN, causes.RETIRE), id="delete"
        ),
        pytest.param(
            listed(created=901), None, "delete", (causes.LATER, causes.KEEP), id="newer item"
        ),
        pytest.param(
            listed(),
            held(1, state="pending"),
            "delete",
            (causes.LATER, causes.KEEP),
            id="an event is on its way",
        ),
        pytest.param(
            listed(),
            held(1, since=1_750_000_901_000),
            "delete",
            (causes.LATER, causes.KEEP),
            id="an event came since",
        ),
        pytest.param(
            listed(created=901),
            held(1, since=1_750_000_901_000),
            "report",
            (causes.LATER, causes.KEEP),
            id="newer, and to be reported",
        ),
    ],
)
def test_an_item_without_a_record_is_an_orphan_unless_it_is_newer(cms, outbox, orphans, expected):
    assert found(None, outbox, cms, orphans=orphans) == [expected]


def test_what_a_partial_snapshot_leaves_out_is_no_orphan():
    assert found(None, None, listed(), partial=True, orphans="delete") == []


def test_two_items_of_one_key_are_told_and_not_compared():
    again = listed(id="i2", fields={"stock": 9})
    assert found(wanted(1), held(1), listed(), more=(again,)) == [(causes.DUPLICATE, causes.NONE)]


def test_two_records_of_one_key_are_told_and_not_used():
    assert found(wanted(2, at=300), held(1), listed(), twice=True) == [
        (causes.DUPLICATE, causes.NONE)
    ]


def test_two_items_of_one_key_are_no_orphans():
    again = listed(id="i2")
    assert found(None, None, listed(), more=(again,), orphans="delete") == [
        (causes.DUPLICATE, causes.NONE)
    ]


@pytest.mark.parametrize("policy", ["cms wins", "report"])
def test_a_policy_of_the_field_beats_that_of_the_collection(policy):
    act = {"cms wins": causes.CMS_WINS, "report": causes.REPORT}[policy]
    assert found(wanted(2), None, listed(), fields={"stock": policy}) == [(causes.MISSED, act)]


def test_where_the_cms_wins_a_deleted_item_stays_deleted():
    assert found(wanted(1), held(1), None, policy="cms wins") == [(causes.DELETED, causes.CMS_WINS)]


def test_an_edit_of_another_field_after_which_we_wrote_is_an_edit_still():
    # Our write to "price" at 300 moved the item's time; the answer that showed "stock" is older.
    outbox, item = held(1, answered=200), {"answered": t(300)}
    assert found(wanted(1), outbox, listed(updated=300, fields=TWO), item=item) == [
        (causes.EDITED, causes.REPAIR)
    ]


def test_values_are_compared_by_the_rules_of_their_type():
    date = wanted("2025-01-01T00:00:00Z", slug="launched", kind="date")
    shown = listed(fields={"launched": "2025-01-01T00:00:00.000Z"})
    assert found(date, None, shown) == []


def test_rich_text_that_somebody_edited_is_told_by_what_the_answer_showed():
    text = wanted("<p>old</p>", slug="text", kind="richtext")
    mark = mark_of('"<p id=\\"\\">old</p>"')
    outbox = held("<p>old</p>", kind="richtext", mark=mark)
    as_answered = listed(fields={"text": '<p id="">old</p>'})
    assert found(text, outbox, as_answered) == [(causes.NORMALISED, causes.NONE)]
    edited = listed(updated=300, fields={"text": '<p id="">new</p>'})
    assert found(text, outbox, edited) == [(causes.EDITED, causes.REPAIR)]


def test_a_picture_is_the_one_that_was_imported_then():
    picture = wanted("https://a.example/1.png", slug="photo", kind="image")
    outbox = held("https://a.example/1.png", kind="image", file='{"fileId": "f1", "url": "u1"}')
    mine = listed(fields={"photo": {"fileId": "f1", "url": "u1", "alt": None}})
    assert found(picture, outbox, mine) == []
    other = listed(updated=300, fields={"photo": {"fileId": "f2", "url": "u2"}})
    assert found(picture, outbox, other) == [(causes.EDITED, causes.REPAIR)]
    assert found(picture, None, listed(fields=other.fields)) == []


def test_an_option_is_compared_by_its_id():
    label = wanted("Chairs", slug="category", kind="option")
    matcher = FieldMatcher(
        "v2", {"category": [{"id": "o1", "name": "Chairs"}, {"id": "o2", "name": "Desks"}]}
    )
    assert found(label, None, listed(fields={"category": "o1"}), matcher=matcher) == []
    assert found(label, None, listed(fields={"category": "o2"}), matcher=matcher) == [
        (causes.MISSED, causes.ACCEPT)
    ]


def test_a_status_flag_is_compared_as_the_item_has_it():
    flag = wanted(True, slug="_archived", kind="flag")
    assert found(flag, None, listed(archived=True)) == []
    assert found(flag, None, listed()) == [(causes.MISSED, causes.ACCEPT)]


@pytest.mark.parametrize(
    ("outbox", "cms", "told"),
    [
        pytest.param(None, listed(updated=300), True, id="nothing known of the live copy"),
        pytest.param(held(1), listed(updated=300), False, id="we wrote before the publish"),
        pytest.param(
            held(1, answered=300), listed(updated=300), True, id="we wrote after the publish"
        ),
        pytest.param(None, listed(updated=300, draft=True), False, id="an editor holds it back"),
        pytest.param(None, listed(updated=300, published=None), False, id="never published"),
        pytest.param(None, listed(updated=200.5), False, id="the two times of one write"),
    ],
)
def test_a_change_since_the_publish_is_told_where_the_live_copy_may_differ(outbox, cms, told):
    found_of_it = [cause for cause, _ in found(wanted(1), outbox, cms)]
    assert (causes.UNPUBLISHED in found_of_it) is told


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({}, False),
        ({"archived": True}, True),
        ({"draft": True}, True),
        ({"published": None}, True),
    ],
)
def test_an_item_that_an_editor_holds_back_is_told_while_its_record_is_there(status, told):
    expected = [(causes.HELD_BACK, causes.NONE)] if told else []
    assert found(wanted(1), held(1), listed(**status)) == expected


def test_an_item_whose_status_a_mapping_writes_is_held_back_by_nobody():
    flag = wanted(True, slug="_archived", kind="flag")
    assert found(flag, None, listed(archived=True)) == []


def test_a_staged_destination_is_not_asked_about_its_live_copy():
    assert found(wanted(1), None, listed(updated=300), live=False) == []


@pytest.mark.parametrize(
    ("source", "cms", "expected"),
    [
        pytest.param(wanted(1, at=100), None, [causes.RETIRED], id="the retirement is newer"),
        pytest.param(wanted(1, at=300), None, [causes.DELETED], id="the record is back"),
        pytest.param(wanted(1, at=300), listed(), [causes.MISSED], id="back, and shown"),
        pytest.param(None, listed(), [causes.ORPHAN], id="an orphan that somebody put back"),
    ],
)
def test_a_record_that_the_source_has_taken_away_comes_back_by_a_newer_version_only(
    source, cms, expected
):
    gone = {"gone": held("archive", at=200)}
    causes_found = [cause for cause, _ in found(source, held(1), cms, item=gone)]
    assert causes_found == expected


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        pytest.param(MS_AS_OF - 60_001, causes.MISSED, id="long before the snapshot"),
        pytest.param(MS_AS_OF - 59_999, causes.UNDECIDED, id="shortly before the snapshot"),
        pytest.param(MS_AS_OF + 1, causes.RETIRED, id="after the snapshot"),
    ],
)
@pytest.mark.parametrize("kind", [sequence_version(9), t(900)])
def test_whether_a_record_that_was_numbered_is_back_depends_on_when_that_was_told(
    came, expected, kind
):
    gone = {"gone": held("archive", at=kind, came=came)}
    outbox = held(1, at=sequence_version(5), came=MS_AS_OF - 90_000)
    item = listed(archived=True)
    told = found(wanted(2, at=None), outbox, item, item=gone, sequenced=True)
    assert [cause for cause, _ in told] == [expected]


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        pytest.param(MS_AS_OF - 60_001, (causes.ORPHAN, causes.RETIRE), id="long before"),
        pytest.param(MS_AS_OF - 59_999, (causes.UNDECIDED, causes.NONE), id="shortly before"),
    ],
)
def test_a_numbered_record_is_no_orphan_that_may_have_come_after_the_snapshot(came, expected):
    outbox = held(1, at=sequence_version(5), came=came)
    assert found(None, outbox, listed(), sequenced=True, orphans="archive") == [expected]


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        (held("delete", at=200, state="pending"), causes.ON_ITS_WAY),
        (held("keep", at=200), causes.RETIRED),
    ],
)
def test_an_item_that_is_being_retired_or_kept_on_purpose_is_no_orphan(gone, expected):
    told = found(None, held(1), listed(), item={"gone": gone}, orphans="delete")
    assert told == [(expected, causes.NONE)]


FRESH = {"tried": 1_750_000_999_000}  # when the listing had begun


def test_a_value_that_was_written_while_the_item_was_listed_is_not_lost():
    outbox = held(1, answered=999)
    told = found(wanted(1), outbox, listed(updated=200, fields=TWO), item=FRESH)
    assert told == [(causes.ON_ITS_WAY, causes.NONE)]


def test_a_value_that_was_written_well_before_and_is_older_now_is_lost():
    # As after the CMS was put back to a backup.
    outbox = held(1, answered=900)
    told = found(wanted(1), outbox, listed(updated=200, fields=TWO), item={"tried": 1})
    assert told == [(causes.LOST, causes.REPAIR)]


MOVED = pytest.mark.parametrize(
    ("item", "known"),
    [
        pytest.param({"id": "i1"} | FRESH, "i1", id="written"),
        pytest.param({"id": "i1"}, None, id="created or found"),
        pytest.param({}, "i1", id="forgotten"),
    ],
)


@MOVED
def test_an_item_at_which_somebody_worked_while_it_was_listed_is_not_called_gone(item, known):
    # Created anew it would be there twice.
    told = found(wanted(1, at=300), held(1), None, item=item, known=known)
    assert told == [(causes.ON_ITS_WAY, causes.NONE)]


@MOVED
@pytest.mark.parametrize("outbox", [None, held(1), held(1, state="pending")])
def test_what_the_source_has_newer_of_such_an_item_is_taken(outbox, item, known):
    told = found(wanted(2, at=300), outbox, None, item=item, known=known)
    assert told == [(causes.ON_ITS_WAY, causes.NONE), (causes.MISSED, causes.ACCEPT)]


@pytest.mark.parametrize(
    ("source", "outbox", "expected"),
    [
        pytest.param(wanted(2, at=50), held(1), None, id="older"),
        pytest.param(
            wanted(2),
            held(1, came=MS_AS_OF - 59_999),
            (causes.UNDECIDED, causes.NONE),
            id="the same version, shortly before the snapshot",
        ),
        pytest.param(
            wanted(2), held(1, came=MS_AS_OF + 1), None, id="the same version, after the snapshot"
        ),
        pytest.param(
            wanted(2, at=4700), held(1), (causes.UNFIT, causes.NONE), id="ahead of the clock"
        ),
        pytest.param(
            wanted(2, at=None), held(1, undo="r1"), (causes.UNDONE, causes.NONE), id="undone"
        ),
    ],
)
@pytest.mark.parametrize("state", ["written", "pending"])
def test_what_is_on_its_way_to_such_an_item_is_compared(source, outbox, expected, state):
    told = found(source, replace(outbox, state=state), None, item={"id": "i1"}, known=None)
    assert told == [(causes.ON_ITS_WAY, causes.NONE), *filter(None, [expected])]


@pytest.mark.parametrize("policy", ["cms wins", "report"])
def test_what_the_source_has_newer_of_such_an_item_is_left_where_the_policy_says_so(policy):
    act = {"cms wins": causes.CMS_WINS, "report": causes.REPORT}[policy]
    told = found(wanted(2, at=300), held(1), None, item={"id": "i1"}, known=None, policy=policy)
    assert told == [(causes.ON_ITS_WAY, causes.NONE), (causes.MISSED, act)]


def test_an_item_that_is_to_be_made_with_an_undecided_value_is_a_difference():
    outbox = held(1, came=MS_AS_OF - 59_999, state="pending")
    assert found(wanted(2), outbox, None) == [
        (causes.ON_ITS_WAY, causes.NONE),
        (causes.UNDECIDED, causes.NONE),
    ]


def test_an_item_that_was_taken_away_while_it_was_listed_is_undecided_if_its_record_is_back():
    gone = held("delete", at=300, as_of=MS_AS_OF - 1)
    told = found(wanted(1), held(1), None, item={"gone": gone} | FRESH)
    assert told == [(causes.UNDECIDED, causes.NONE)]

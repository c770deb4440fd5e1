"""Of whom a staged copy is that no publish is noted of, by what it differs from the live one in."""

from dataclasses import replace

import pytest

from service.reconcile.plan import causes
from service.reconcile.plan.diff import compare
from service.reconcile.plan.model import ComparedRecord
from tests.support.comparisons import comparison, held, listed, wanted
from workers.store.item_record import ItemRecord

PICTURE = {"photo": {"fileId": "f1", "url": "https://cms.example/f1.jpg"}}
OTHER = {"photo": {"fileId": "f2", "url": "https://cms.example/f2.jpg"}}
URL = "https://shop.example/1.jpg"
NEW = {"published": None}
NOTED = (causes.STAGED, causes.WHOSE, causes.DRAFT)


def of(*source, item, live=None, stages=True, outbox=None, number=1, given=True, variants=(), **on):
    """The cause of what is found of the staged copy of a record; None: nothing is."""
    one = ComparedRecord(
        "k1",
        number if source else 0,
        False,
        source,
        (item,),
        held=ItemRecord(outbox or {}),
        live=live,
        unnoted=True,
        given=given,
        variants=dict(variants),
    )
    among = replace(comparison(live=False, **on), stages=stages, keys=("sku",))
    own = [each for each in compare(one, among) if each.cause in NOTED]
    return own[0].cause if own else None


def staged(updated=300, **more):
    return listed(updated, **more)


def live(**fields):
    return listed(200, fields={"stock": 0, **fields})


@pytest.mark.parametrize(
    ("item", "there", "expected"),
    [
        pytest.param(staged(), live(), causes.STAGED, id="a mapped field"),
        pytest.param(staged(), live(stock=1), None, id="nothing"),
        pytest.param(staged(shows={"seo": "a"}), live(), causes.WHOSE, id="another field as well"),
        pytest.param(staged(shows={"seo": "a"}), live(stock=1), None, id="another field alone"),
        pytest.param(staged(shows={"seo": ""}), live(), causes.STAGED, id="an empty one"),
        pytest.param(staged(), live(seo="a"), causes.WHOSE, id="a field that was cleared"),
        pytest.param(staged(shows={"seo": 0}), live(), causes.WHOSE, id="a number that is 0"),
        pytest.param(staged(fields={"stock": 5}), live(), None, id="a value that is written next"),
        pytest.param(
            staged(fields={"stock": 5, "seo": "a"}), live(), causes.WHOSE, id="and one beside it"
        ),
    ],
)
def test_what_it_differs_in(item, there, expected):
    assert of(wanted(1), item=item, live=there) == expected


@pytest.mark.parametrize(
    ("item", "there", "source", "expected"),
    [
        (staged(draft=True), live(), [wanted(1)], causes.DRAFT),
        (staged(draft=True, shows={"seo": "a"}), live(), [wanted(1)], causes.DRAFT),
        (staged(draft=True, shows={"seo": "a"}), live(stock=1), [wanted(1)], None),
        (staged(draft=True, fields={"stock": 5}), live(), [wanted(1)], None),
        (staged(draft=True), None, [wanted(1)], None),
        (staged(draft=True, **NEW), None, [wanted(1)], None),
        (staged(draft=True), live(), [wanted(1), wanted(True, slug="_draft", kind="switch")], None),
    ],
    ids=[
        *("a value of Instep's", "and an editor's beside it", "an editor's alone"),
        *("a value that is written next", "it is not on the site", "it never was"),
        "a draft by its mapping",
    ],
)
def test_a_draft_with_what_instep_has_staged_waits_for_its_editor(item, there, source, expected):
    assert of(*source, item=item, live=there) == expected


def test_0_is_not_nothing():
    there = listed(200, fields={"stock": None})
    assert of(wanted(0), item=staged(fields={"stock": 0}), live=there) == causes.STAGED


def test_only_where_a_destination_publishes_what_it_stages():
    assert of(wanted(1), item=staged(), live=live(), stages=False) is None


@pytest.mark.parametrize(
    ("shows", "source", "on", "expected"),
    [
        ({"slug": "a"}, [wanted(1)], {}, causes.STAGED),
        ({"slug": "a", "seo": False}, [wanted(1)], {}, causes.STAGED),
        ({"slug": "a", "sku": "k1"}, [wanted(1)], {}, causes.STAGED),
        ({"seo": "a"}, [wanted(1)], {}, causes.WHOSE),
        ({}, [wanted(1)], {"missing": "dead-letter"}, None),
        ({}, [wanted(1), wanted(False, slug="_draft", kind="switch")], {"missing": "ignore"}, "s"),
        ({"text": "a"}, [wanted(1), "once"], {}, causes.STAGED),
        ({"text": "b"}, [wanted(1), "once"], {}, causes.WHOSE),
    ],
    ids=[
        *(
            "a slug",
            "an empty switch",
            "its key",
            "another field",
            "not made by Instep",
            "ready by mapping",
        ),
        *("a field for new items", "that somebody changed"),
    ],
)
def test_an_item_that_was_never_on_the_site(shows, source, on, expected):
    once = replace(wanted("a", slug="text", kind="plain"), on_create=True)
    source = [once if each == "once" else each for each in source]
    expected = causes.STAGED if expected == "s" else expected
    assert of(*source, item=staged(shows=shows, **NEW), **on) == expected


@pytest.mark.parametrize(
    ("value", "item", "there", "outbox", "expected"),
    [
        (URL, PICTURE, OTHER, None, causes.WHOSE),
        (None, {"photo": None}, OTHER, None, causes.STAGED),
        (URL, PICTURE, PICTURE, None, causes.STAGED),
        (URL, PICTURE, OTHER, held(URL, kind="image", file='{"fileId":"f1"}'), causes.STAGED),
    ],
    ids=["not known", "cleared", "the same", "imported by Instep"],
)
def test_of_a_picture_nothing_but_the_store_shows_whose_it_is(value, item, there, outbox, expected):
    source = wanted(1), wanted(value, slug="photo", kind="image")
    found = of(
        *source,
        item=staged(fields={"stock": 1, **item}),
        live=live(**there),
        outbox={"photo": outbox} if outbox else None,
    )
    assert found == expected


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        (listed(300), causes.WHOSE),
        (listed(300, draft=True), causes.STAGED),
        (listed(200), causes.STAGED),
    ],
)
def test_a_variant_that_is_staged_is_not_known(variant, expected):
    assert of(wanted(1), item=staged(), live=live(), variants={"de": variant}) == expected


@pytest.mark.parametrize(
    ("policy", "given", "there", "expected"),
    [
        ("archive", True, live(), causes.STAGED),
        ("archive", False, live(), None),
        ("archive", True, None, None),
        ("report", True, live(), None),
    ],
    ids=["as the policy says", "of another source", "gone from the site", "by an editor"],
)
def test_an_archived_item_without_a_record(policy, given, there, expected):
    found = of(item=staged(archived=True), live=there, given=given, orphans=policy)
    assert found == expected


@pytest.mark.parametrize(("value", "expected"), [(True, causes.STAGED), (None, None)])
def test_an_item_that_its_mapping_archives(value, expected):
    flag = [wanted(value, slug="_archived", kind="switch")] if value is not None else []
    assert of(wanted(1), *flag, item=staged(archived=True), live=live()) == expected


def test_a_record_that_is_brought_back_is_written_first():
    one = ComparedRecord("k1", 1, False, (wanted(1),), (staged(),), unnoted=True, live=live())
    lifting = replace(one, held=ItemRecord(lifting=True))
    among = replace(comparison(live=False), stages=True)
    assert [each.cause for each in compare(lifting, among)] == [causes.ON_ITS_WAY]

"""What is published and when, without a store and without a CMS."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.model.publishing import Member, Outcome, Round, Task, seen_for
from workers.policy import publish, publish_items
from workers.policy.publish import Waiting
from workers.webflow.item_answers import ItemView
from workers.webflow.site import Locale, Site

T0, T1, T2, T3 = (f"2026-05-12T09:0{n}:00.000Z" for n in range(4))
OURS = Member("P-1", "i1", T1)
BY_SITE = replace(OURS, by_site=True)


def view(updated=T1, published=T0, id="i1", **more):
    return ItemView(id, {}, updated, published, **more)


def kinds(round):
    return [(task.kind, task.of) for task in round.tasks]


# a round --------------------------------------------------------------------------------------


def begun(site="s1", full="", others=False, **waiting):
    return publish.begin(waiting, site=site, full=full, others=others)


ITEMS, SITE = Waiting(True, False, T1), Waiting(False, True, T2)


def test_an_edit_that_may_be_a_request_of_ours_without_an_answer_is_nobodys_yet():
    edits = [Outcome(name, T1, "state", "e", edited=T2, wait=300.0) for name in ("P-1", "P-2")]
    ready = Outcome("P-3", T1, "state", "r")
    found = publish_items.unsure([*edits, ready], {"P-1", "P-3"})
    assert found == [Outcome("P-1", T1, "state", "", wait=300.0), edits[1], ready]


def test_items_are_looked_at_sent_and_looked_at_again():
    round = begun(c1=ITEMS, c2=ITEMS)
    assert kinds(round) == [
        *(("look", "c1"), ("send", "c1"), ("look", "c2"), ("send", "c2")),
        *(("check", "c1"), ("check", "c2")),
    ]
    assert {task.since for task in round.tasks if task.kind != "send"} == {T1}


def test_a_site_is_asked_for_all_its_collections_before_it_is_published():
    assert kinds(begun(c1=SITE)) == [
        *(("site", ""), ("collections", ""), ("publish", ""), ("confirm", ""), ("check", "c1")),
    ]
    assert kinds(begun(site="", c1=SITE))[0] == ("find", "")


@pytest.mark.parametrize(("full", "since"), [("", ""), (T1, T1), (T3, T2)])
def test_lists_begin_where_all_was_published_or_with_the_oldest_write(full, since):
    assert begun(full=full, c1=SITE).tasks[1] == Task("collections", since=since)


def test_where_others_may_go_along_our_own_collections_are_asked_for():
    found = kinds(begun(others=True, c1=SITE))
    assert found[:2] == [("site", ""), ("look", "c1")]
    assert ("collections", "") not in found


def test_nothing_waits():
    assert begun().tasks == ()
    assert publish.advance(begun()).tasks == ()
    assert publish.advance(begun(c1=ITEMS)) == begun(c1=ITEMS)


def test_what_has_nothing_to_do_is_left_out():
    sends = Round((Task("send", "c1"), Task("check", "c1")))
    assert publish.advance(sends).tasks == ()
    assert publish.advance(replace(sends, ready={"c1": 2})) == replace(sends, ready={"c1": 2})
    assert kinds(publish.advance(replace(sends, sent=("c1",)))) == [("check", "c1")]


@pytest.mark.parametrize(
    ("own", "others", "left"), [(0, {}, 0), (1, {"Blog": 1}, 0), (1, {}, 3), (0, {"Blog": 1}, 0)]
)
def test_a_site_is_published_for_ours_and_without_others(own, others, left):
    tasks = (Task("publish"), Task("confirm"), Task("check", "c1"))
    assert len(publish.advance(Round(tasks, own=own, others=others)).tasks) == left


def test_behind_a_publish_it_is_looked_for():
    round = publish.asked_for(Round((Task("publish"), Task("confirm")), own=1))
    assert kinds(round) == [("confirm", "")]
    assert publish.advance(round) == round


def test_a_publish_has_time_before_it_is_looked_for():
    confirm, check = Round((Task("confirm"),)), Round((Task("check", "c1"),))
    assert publish.pause_before(confirm, Task("publish")) == publish.CONFIRM
    assert publish.pause_before(check, Task("send")) == publish.CHECK
    assert publish.pause_before(check, Task("confirm")) == 0.0
    assert publish.pause_before(Round((Task("send", "c1"),)), Task("look", "c1")) == 0.0
    assert publish.pause_before(Round(), Task("check")) == 0.0


def test_lists_that_took_long_are_followed_by_one_of_what_was_edited_meanwhile():
    ready = Round((Task("publish"), Task("confirm")), own=1, listed=1000, since=T1)
    assert publish.relisted(ready, 1000 + 30_000) == ready
    again = publish.relisted(ready, 1000 + 30_001)
    assert again.tasks == (Task("collections", since=T0), *ready.tasks)
    unknown = publish.relisted(replace(ready, since=""), 10**6)
    assert unknown.tasks[0] == Task("collections")
    assert again.again
    for other in (Round(), ready.rest, replace(ready, listed=0), replace(ready, again=True)):
        assert publish.relisted(other, 10**6) == other


def test_a_large_site_is_published_seldomer():
    assert publish.rest_after(Round(calls=6), 60) == 30.0
    assert publish.rest_after(Round(calls=44), 120) == 110.0
    assert publish.rest_after(Round(calls=1000), 60) == 300.0


def test_what_is_known_of_a_site():
    site = Site("s1", (Locale("en", "l1"), Locale("de", "l2")), "", T1, "", ("d1", "d2"))
    found = publish.of_site(Round(), site, ())
    assert (found.site, found.domains, found.subdomain) == ("s1", ("d1", "d2"), True)
    assert (found.locales, found.published) == ("l1,l2", T1)
    named = publish.of_site(Round(), Site("s1"), ("d2",))
    assert (named.domains, named.subdomain, named.published) == (("d2",), False, "")


def test_pages_follow_one_another():
    round = Round((Task("look", "c1", 0, T1), Task("send", "c1")))
    following = publish.next_page(round, 100, ["i9"])
    assert following.tasks == (Task("look", "c1", 100, T1), Task("send", "c1"))
    assert following.unsure == ("i9",)
    assert publish.last_page(following) == Round((Task("send", "c1"),))


def test_the_stored_form_of_a_round_is_read_back():
    full = Round(
        (Task("look", "c1", 100, T1),),
        *("s1", ("d1",), False, "l1", T0, 2, {"c1": 2}, {"Blog": 1}, True),
        *({"c1": "Blog"},),
        *(("c1",), ("i1",), 5, T0, True, 3, True, True, 7, "items"),
    )
    assert Round.parse(full.text()) == full
    assert Round.parse(Round().text()) == Round()
    assert "taken" not in Round().text()  # a process of the release before reads it as well


def test_a_stored_item_is_read_back():
    text = '{"id":"i1","at":"t","way":"s","since":7,"live":true,"state":"r","locales":["l1"]}'
    read = Member.parse("P-1", text, "items")
    held = Member("P-1", "i1", "t", by_site=True, since=7, state="r", locales=("l1",), first="t")
    assert read == held
    earlier = text.replace('"since"', '"first":"t0","since"')
    assert Member.parse("P-1", earlier, "items").first == "t0"
    assert Member.parse("P-1", text.replace('"since"', '"new":true,"since"'), "items").new
    assert (
        Member.parse("P-1", text.replace('"since"', '"edited":"t2","since"'), "items").edited
        == "t2"
    )


def test_what_was_seen_holds_for_three_calls_at_least():
    assert (seen_for(60), seen_for(2)) == (30.0, 90.0)


def test_what_is_edited_within_a_minute_before_is_looked_at_again():
    assert publish.early(T1) == T0


# items ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "queued"),
    [
        (view(T1, None), True),
        (view(T1, T0), True),
        (view(T1, T1), False),
        (view(T1, T2), False),
        (view(T1, T0, draft=True), False),
        (view(T1, None, draft=True), False),
        (view(T1, None, archived=True), False),
        (view(T1, T0, archived=True), True),
        (view(T0, T1, archived=True), False),
        (view(None, None), True),
    ],
)
def test_what_a_publish_of_the_site_would_change(shown, queued):
    assert publish_items.is_queued(shown, "") is queued


def test_what_was_archived_before_the_last_publish_is_gone_already():
    assert not publish_items.is_queued(view(T1, T0, archived=True), T2)
    assert publish_items.is_queued(view(T3, T0, archived=True), T2)


def seen(member, *views, others=False, **round):
    found = publish_items.outcomes([member], views, Round(**round), others=others)
    return [(each.act, each.state) for each in found]


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        (view(T1, T0), ("state", "r")),
        (view(T1, None), ("state", "r")),
        (view(T1, T1), ("done", "")),
        (view(T2, T3), ("done", "")),
        (view(T2, T0), ("state", "e")),
        (view(T1, T0, draft=True), ("state", "d")),
        (view(T1, None, draft=True), ("state", "d")),
        (view(T1, T0, archived=True), ("leave", "")),
    ],
)
def test_what_an_item_shows(shown, found):
    assert seen(OURS, shown) == [found]


def test_an_older_state_than_our_write_says_nothing():
    assert seen(OURS, view(T0, T0)) == []
    assert seen(OURS) == []


def test_a_later_write_of_ours_does_not_make_an_edit_ours():
    (found,) = publish_items.outcomes([OURS], [view(T2, T0)], Round(), others=False)
    assert found.edited == T2
    theirs = replace(OURS, at=T3, edited=found.edited)
    assert seen(theirs, view(T3, T1)) == [("state", "e")]
    assert not publish_items.is_ours(view(T3, T1), theirs, None, made=False)
    (again,) = publish_items.outcomes([theirs], [view(T3, T1)], Round(), others=False)
    assert again.edited == T2
    # Somebody has published it meanwhile.
    assert seen(theirs, view(T3, T2)) == [("state", "r")]


def test_with_publish_others_what_was_edited_goes_out_and_a_draft_does_not():
    assert seen(OURS, view(T2, T0), others=True) == [("state", "r")]
    assert seen(OURS, view(T2, T0, draft=True), others=True) == [("state", "d")]


def test_what_we_have_archived_is_gone_once_the_site_is_published():
    shown = view(T1, T0, archived=True)
    assert seen(BY_SITE, shown) == [("state", "r")]
    assert seen(BY_SITE, shown, confirmed=True, published=T1) == [("done", "")]
    # It was archived behind the publish, or while the site was listed for it.
    assert seen(BY_SITE, shown, confirmed=True, published=T0) == [("state", "r")]
    assert seen(BY_SITE, shown, confirmed=True, published=T2, since=T0) == [("state", "r")]
    assert seen(BY_SITE, replace(shown, updated=T2)) == [("leave", "")]


def test_what_we_have_archived_leaves_the_site_also_where_an_editor_had_edited_it():
    member = replace(BY_SITE, at=T2, edited=T1)
    shown = view(T2, T0, archived=True)
    assert seen(member, shown) == [("state", "r")]
    assert publish_items.is_ours(shown, member, None, made=False)
    assert not publish_items.is_ours(view(T2, T0), member, None, made=False)


def test_the_variants_that_are_ready_are_named():
    german, english = view(T1, T0, locale="de"), view(T1, T0, locale="en")
    (found,) = publish_items.outcomes([OURS], [german, english], Round(), others=False)
    assert found.locales == ("de", "en")
    (found,) = publish_items.outcomes(
        [OURS], [replace(german, draft=True), english], Round(), others=False
    )
    assert (found.state, found.locales) == ("r", ("en",))
    live = view(T1, T1, locale="en")
    assert seen(OURS, replace(german, draft=True), live) == [("state", "d")]
    assert seen(OURS, view(T0, T0, locale="de"), live) == [("done", "")]


@given(
    updated=st.sampled_from([T0, T1, T2, T3]),
    published=st.sampled_from([None, T0, T1, T2, T3]),
    at=st.sampled_from([T0, T1, T2, T3]),
    archived=st.booleans(),
    others=st.booleans(),
    by_site=st.booleans(),
)
def test_no_draft_is_ever_ready(updated, published, at, archived, others, by_site):
    member = replace(OURS, at=at, by_site=by_site)
    shown = view(updated, published, draft=True, archived=archived)
    ready = ("state", "r") in seen(member, shown, others=others)
    assert not ready or (archived and by_site and updated <= at)


def test_what_no_page_shows_leaves_the_second_time():
    members = [OURS, Member("P-2", "i2", T1), Member("P-3", "i3", T1, state="m")]
    found = publish_items.absent(members, {"i2"}, whole=True)
    assert [(each.record, each.act, each.state) for each in found] == [
        ("P-1", "state", "m"),
        ("P-3", "leave", ""),
    ]


def test_of_several_pages_what_has_a_state_was_seen():
    members = [replace(OURS, state="r"), Member("P-2", "i2", T1)]
    assert [each.record for each in publish_items.absent(members, (), whole=False)] == ["P-2"]
    assert [each.record for each in publish_items.absent(members, (), whole=True)] == ["P-1", "P-2"]


def test_a_publish_reports_each_item():
    members = [OURS, Member("P-2", "i2", T1), Member("P-3", "i3", T1)]
    errors = ["Staging item ID i2 is archived and cannot be published."]
    assert publish_items.sent(members, ["i1"], errors) == [
        Outcome("P-1", T1, "state", "s"),
        Outcome("P-2", T1, "state", "x", why=errors[0], wait=publish_items.AGAIN),
        Outcome("P-3", T1, "state", "s"),
    ]


def test_why_a_site_is_held():
    assert publish.held({}) == ""
    would = "edited by somebody else and would go live with it"
    assert publish.held({"Blog posts": 1}) == f"1 item in Blog posts was {would}"
    assert publish.held({"Blog posts": 2, "Team": 1}) == (
        f"2 items in Blog posts and 1 item in Team were {would}"
    )


def test_a_page_is_added_to_those_before():
    ready = Outcome("P-1", T1, "state", "r")
    round = Round(names={"c1": "Blog posts"}, own=1, ready={"c1": 1}, others={"Blog posts": 2})
    found = publish.counted(round, "c1", [ready, Outcome("P-2", T1, "done")], 3)
    assert (found.own, found.ready, found.others) == (2, {"c1": 2}, {"Blog posts": 5})
    assert publish.counted(round, "c2", [], 1).others == {"Blog posts": 2, "c2": 1}
    assert publish.counted(round, "c1", [], 0).others == round.others
    doubted = publish.counted(round, "c1", [], 0, doubted=True)
    assert publish.counted(doubted, "c1", [], 0).doubted
    assert publish.advance(replace(doubted, others={}, tasks=(Task("publish"),))).tasks == ()


@pytest.mark.parametrize(
    ("shown", "member", "written", "made", "ours"),
    [
        (view(T1, T0), OURS, None, False, True),
        (view(T2, T0), OURS, T2, False, False),
        (view(T1, T0), None, T1, False, True),
        (view(T2, T0), None, T1, False, False),
        (view(T1, T0), None, None, False, False),
        (view(T1, None), None, T1, False, False),
        (view(T1, None), None, T1, True, True),
    ],
)
def test_whose_a_queued_item_is(shown, member, written, made, ours):
    assert publish_items.is_ours(shown, member, written, made=made) is ours


def test_what_waits_in_a_collection():
    assert publish.waiting_of([]) is None
    assert publish.waiting_of([replace(OURS, at=T2), OURS]) == Waiting(True, False, T1)
    assert publish.waiting_of([BY_SITE]) == Waiting(False, True, T1)


def test_an_edit_is_one_of_the_variant_that_shows_it():
    held = view(T2, T0, locale="en")
    (found,) = publish_items.outcomes(
        [OURS], [held, view(T0, T0, locale="de")], Round(), others=False
    )
    assert (found.state, found.edits) == ("e", {"en": T2})
    theirs = replace(OURS, at=T3, edited=found.edited, edits=found.edits)
    written = view(T3, T0, locale="de")
    shown = [view(T3, T0, locale="en"), written]
    (found,) = publish_items.outcomes([theirs], shown, Round(), others=False, localized=True)
    assert (found.state, found.locales) == ("r", ("de",))
    (found,) = publish_items.outcomes([theirs], shown[:1], Round(), others=False, localized=True)
    assert (found.state, found.edits) == ("e", {"en": T2})
    assert not publish_items.is_ours(shown[0], theirs, T3, made=False)
    assert publish_items.is_ours(written, theirs, T3, made=False)


def test_an_edit_on_another_page_stays_one():
    theirs = replace(OURS, edited=T2, edits={"en": T2})
    (found,) = publish_items.outcomes([theirs], [view(T3, T0, locale="de")], Round(), others=False)
    assert found.edits == {"en": T2, "de": T3}


def test_an_edit_of_an_unknown_variant_may_be_one_of_any():
    theirs = replace(OURS, at=T3, edited=T2)
    shown = [view(T3, T0, locale="en"), view(T3, T0, locale="de")]
    (found,) = publish_items.outcomes([theirs], shown, Round(), others=False)
    assert (found.state, found.edited, found.edits) == ("e", T2, {})

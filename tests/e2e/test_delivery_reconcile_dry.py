"""The dry run: what it predicts is what the run then needs, and it writes nothing."""

from collections import Counter
from dataclasses import replace

import pytest

from service.reconcile.apply.settlement import REPAIRED
from service.reconcile.plan import causes

KINDS = {"PATCH": "update", "POST": "create", "DELETE": "delete"}


def kind_of(call):
    listing = "offset" in call.query
    return KINDS.get(call.method) or ("list" if listing else "schema")


def mixed(way):
    """Differences of all kinds, in a source that would put them right."""
    for n in range(1, 61):
        way.change(n, stock=n, version=1)
    way.change(61, category="Chairs", version=1)
    way.run()
    way.pass_time(60)
    source = {way.record(n): ({"stock": n}, 1) for n in range(1, 61)}
    source |= way.products_as_source(range(61, 145), version=1)
    for n in range(1, 21):
        way.edit(n, stock=0)
    for n in range(61, 91):
        source[way.record(n)] = ({"stock": 1000 + n}, 2)
    source[way.record(61)][0]["category"] = "Desks"
    way.unpublish(30, 31, 32)
    for n in (30, 31, 32):
        way.edit(n, stock=0)
    for n in range(3):
        source[f"new-{n}"] = ({"stock": n, "name": f"New {n}"}, 1)
    source[way.record(100)] = ({"image": "https://files.example/1.png", "stock": 7}, 1)
    return source


@pytest.mark.parametrize(("api", "rate"), [("v2", 600), ("v1", 6000)])
def test_the_calls_that_it_predicts_are_those_that_the_run_needs(reconciling, api, rate):
    policy = {"orphans": "delete"}
    options = {"window": rate, "requests_per_minute": rate, "missing": "create"}
    way = reconciling(api=api, items=150, policy=policy, **options)
    source = mixed(way)
    dry = way.reconcile(source, dry=True)
    assert {call.method for call in dry.calls} == {"GET"}
    needed = Counter(dry.done.calls) + Counter(list=dry.listing)
    told = way.reconcile(source)
    used = Counter(kind_of(call) for call in told.calls)
    # A live copy is taken away by a DELETE as well.
    needed["delete"] += needed.pop("unpublish")
    assert used == needed
    assert dry.outcomes() == told.outcomes() == {REPAIRED}
    assert way.reconcile(source).by_cause() == {}


def test_what_is_written_once_more_and_what_is_new_go_in_one_call(reconciling):
    way = reconciling(items=90)
    source = {way.record(n): ({"stock": n}, 1) for n in range(1, 41)}
    for n in range(1, 41):
        way.change(n, stock=n, version=1)
    way.run()
    way.pass_time(60)
    for n in range(1, 41):
        way.edit(n, stock=0)
    source |= {way.record(n): ({"stock": 1000 + n}, 1) for n in range(41, 81)}
    dry = way.reconcile(source, partial=True, dry=True)
    assert dry.done.calls == {"update": 1}
    told = way.reconcile(source, partial=True)
    assert [call.method for call in told.calls] == ["GET", "PATCH"]


def test_an_item_that_is_gone_and_not_to_be_made_needs_the_look_up_that_it_predicts(reconciling):
    way = reconciling(items=150, window=600, requests_per_minute=600)
    way.change(1, stock=1, version=1)
    way.run()
    way.pass_time(60)
    way.remove(1)
    source = {way.record(1): ({"stock": 1}, 1), "none": ({"stock": 1}, 1)}
    dry = way.reconcile(source, partial=True, dry=True)
    told = way.reconcile(source, partial=True)
    assert dry.outcomes() == told.outcomes() == {causes.LETTER}
    used = Counter(kind_of(call) for call in told.calls)
    assert used == Counter(dry.done.calls) + Counter(list=dry.listing)


@pytest.mark.parametrize("read_before", [True, False])
def test_it_tells_what_is_refused_here_by_the_schema_and_the_calls_that_this_takes(
    reconciling, read_before
):
    way = reconciling(items=10, window=600, requests_per_minute=600)
    checked = replace(way.settings.collections["products"], preflight=True)
    way.settings = replace(way.settings, collections={"products": checked})
    way.begin()
    if read_before:
        way.change(9, stock=9, version=1)
        way.run()
        way.pass_time(60)
    source = {
        way.record(1): ({"stock": "many", "name": "A desk"}, 1),
        way.record(2): ({"name": "B desk"}, 1),
    }
    dry = way.reconcile(source, partial=True, dry=True)
    assert dry.outcomes() == {REPAIRED, causes.LETTER}
    assert way.patches() == []
    told = way.reconcile(source, partial=True)
    assert told.outcomes() == {REPAIRED, causes.LETTER}
    used = Counter(kind_of(call) for call in told.calls)
    assert used == Counter(dry.done.calls) + Counter(list=dry.listing)
    [letter] = way.letters()
    assert "checked here" in letter.message


def test_it_leaves_the_outbox_as_it_is(reconciling):
    way = reconciling(items=10)
    source = {way.record(1): ({"stock": 77}, 1)}
    before = way.counts()
    dry = way.reconcile(source, partial=True, dry=True)
    assert [finding.act for finding, _ in dry.all] == [causes.ACCEPT]
    assert (way.counts(), way.patches()) == (before, [])
    assert way.store.exists(f"instep:item:products:{way.record(1)}") == 0


def test_it_tells_what_would_become_a_dead_letter(reconciling):
    way = reconciling(items=10)
    dry = way.reconcile({way.record(1): ({"category": "No such"}, 1)}, partial=True, dry=True)
    assert dry.outcomes() == {causes.LETTER}
    assert way.letters() == []

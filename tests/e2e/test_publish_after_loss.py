"""What was staged and not yet published goes live although the store was lost, and nothing else."""

from dataclasses import replace
from itertools import product

import pytest

from service.reconcile.plan import causes
from service.sandbox.model.records import Copy
from service.sandbox.site.site import SITE_ID
from tests.support.depth import some
from tests.support.locale_rig import add_variant, live_in, localize
from tests.support.publishes import Publishes
from workers.policy.publish_items import AGAIN

MODES = pytest.mark.parametrize("publish", ["items", "site"])


@pytest.fixture
def site(reconciling):
    """Opens a way out that stages and publishes, with a reconcile beside it."""

    def open(publish="items", **options):
        plain = {"live": False, "publish": publish, "site": SITE_ID, "items": 6}
        way = reconciling(**(plain | options))
        # A reconcile waits for its writes, and is over before anything is published.
        way.sleep = lambda _: way.run_for(2)
        return Publishes(way)

    return open


def lose(way):
    """The folder of the store is gone; everything that may be published is a while ago."""
    way.store.flushall()
    way.begin()
    way.pass_time(61)


def source(stock, numbers=range(1, 7)):
    return {f"P-{n:04d}": ({"stock": stock + n}, None) for n in numbers}


def found(told):
    named = {}
    for finding, _ in told.all:
        named.setdefault(finding.cause, []).append(finding.record)
    return {cause: named[cause] for cause in (causes.STAGED, causes.WHOSE) if cause in named}


def test_what_was_staged_is_published(site):
    told = site()
    way = told.way
    way.reconcile(source(100))
    assert told.published() == []
    lose(way)
    again = way.reconcile(source(100))
    assert found(again) == {causes.STAGED: [*source(100)]}
    assert way.patches() == []
    way.run(600)
    assert way.shown("stock", range(1, 7)) == [100 + n for n in range(1, 7)]
    assert told.equal()
    assert told.waiting() == {}
    assert found(way.reconcile(source(100))) == {}
    assert way.command(source(100)).code == 0


@pytest.mark.parametrize(("at", "publish"), [*some([*product(range(1, 7), MODES.args[1])], 4)])
def test_a_loss_behind_each_step_of_a_publish(site, publish, at):
    """With live = source in the end, and one publish of each item too many at most."""
    told = site(publish)
    way = told.way
    told.draft(6, "a draft")
    way.reconcile(source(100))
    for _ in range(at):
        way.pass_time(31)
        way.step()
    lose(way)
    way.reconcile(source(100))
    way.run(600)
    assert way.shown("stock", range(1, 6)) == [100 + n for n in range(1, 6)]
    assert way.live(6)["name"] != "a draft"
    assert set(told.waiting()) <= {"P-0006"}


@MODES
def test_an_editors_draft_is_not_published(site, publish):
    told = site(publish)
    way = told.way
    way.reconcile(source(100))
    told.draft(1, "a draft")
    lose(way)
    again = way.reconcile(source(100))
    assert {causes.HELD_BACK, causes.DRAFT} <= again.told()
    assert found(again) == {causes.STAGED: [*source(100, range(2, 7))]}
    way.run(600)
    assert way.live(1)["name"] != "a draft"
    assert way.live(2)["stock"] == 102
    # As without a loss: what Instep has staged there waits, and is named.
    assert told.waiting() == {"P-0001": "d"}
    products = way.settings.collections["products"]
    assert way.context.publishing.drafts(products) == ["P-0001"]
    assert way.command(source(100)).code == 0
    way.publish(1)
    way.run(2 * AGAIN)
    assert told.waiting() == {}


def test_a_draft_that_is_made_ready_is_not_taken_along_before_it_is_known_whose(site):
    told = site()
    way = told.way
    way.reconcile(source(100))
    told.draft(1, "a draft")
    lose(way)
    way.reconcile(source(100))
    told.queue(1, "a draft")  # made ready as it is
    way.reconcile(source(200))
    way.run(600)
    assert way.live(1)["name"] != "a draft"
    assert told.waiting() == {"P-0001": "e"}
    assert way.live(2)["stock"] == 202


def test_what_an_editor_has_staged_beside_it_waits_for_a_person(site):
    told = site()
    way = told.way
    way.reconcile(source(100))
    told.queue(1, "theirs")
    lose(way)
    again = way.command(source(100))
    assert (again.code, again.unproven, again.told) == (
        1,
        {"staged": 1},
        {causes.STAGED: 5, causes.WHOSE: 1},
    )
    assert "staged, not known whose" in again.said
    way.run(600)
    assert way.live(1)["name"] != "theirs"
    assert way.shown("stock", range(2, 7)) == [100 + n for n in range(2, 7)]
    assert told.waiting() == {"P-0001": "e"}
    # What Instep writes then does not take it along either.
    way.reconcile(source(200))
    way.run(600)
    assert way.live(1)["name"] != "theirs"
    assert way.live(2)["stock"] == 202
    way.publish(1)
    way.run(2 * AGAIN)
    assert way.live(1)["stock"] == 201
    assert told.waiting() == {}


def test_a_person_lets_it_out(site):
    told = site()
    way = told.way
    way.reconcile(source(100))
    told.queue(1, "theirs")
    lose(way)
    way.command(source(100))
    way.run(100)
    products = way.settings.collections["products"]
    left = way.context.publishing.release(products, ["P-0001", "P-0002"])
    assert left == ["P-0002"]
    way.run(600)
    assert (way.live(1)["name"], way.live(1)["stock"]) == ("theirs", 101)
    assert told.waiting() == {}


def test_what_was_edited_after_a_person_has_decided_is_held_again(site):
    told = site()
    way = told.way
    way.reconcile(source(100))
    told.queue(1, "theirs")
    lose(way)
    way.command(source(100))
    told.queue(1, "later")
    way.context.publishing.release(way.settings.collections["products"], ["P-0001"])
    way.run(600)
    assert way.live(1)["name"] not in ("theirs", "later")
    assert told.waiting() == {"P-0001": "e"}


def test_an_edit_that_only_the_site_lacks_is_nobody_elses_business(site):
    told = site()
    way = told.way
    way.reconcile(source(100))
    way.run(600)
    told.queue(1, "theirs")
    lose(way)
    again = way.command(source(100))
    assert (again.code, again.told) == (0, {})
    way.run(600)
    assert told.waiting() == {}
    assert way.live(1)["name"] != "theirs"


def test_an_edit_is_not_taken_for_our_own_where_a_newer_value_is_written(site):
    told = site()
    way = told.way
    told.queue(1, "theirs")
    lose(way)
    again = way.reconcile(source(100, [1, 2]), partial=True)
    assert found(again) == {causes.WHOSE: ["P-0001"]}
    way.run(600)
    assert way.staged(1)["stock"] == 101
    assert way.live(1)["name"] != "theirs"
    assert told.waiting() == {"P-0001": "e"}
    assert way.live(2)["stock"] == 102


def test_a_held_item_that_shows_nothing_else_any_more_goes_out(site):
    told = site()
    way = told.way
    name = way.live(1)["name"]
    way.reconcile(source(100))
    told.queue(1, "theirs")
    lose(way)
    way.command(source(100))
    told.queue(1, name)  # they take it back
    way.run(AGAIN + 60)
    assert told.waiting() == {"P-0001": "e"}
    again = way.reconcile(source(100))
    assert found(again) == {causes.STAGED: ["P-0001"]}
    way.run(600)
    assert way.live(1)["stock"] == 101
    assert told.waiting() == {}


def new(*numbers, with_key):
    """The key of a new item is written whether a mapping writes it, or not."""
    found = {f"N-{n}": {"name": f"New {n}", "stock": n} for n in numbers}
    return {key: (row | ({"sku": key} if with_key else {}), None) for key, row in found.items()}


@MODES
@pytest.mark.parametrize("with_key", [True, False])
def test_new_items_are_published_and_those_that_somebody_added_to_are_not(site, publish, with_key):
    told = site(publish, missing="create")
    way, rows = told.way, new(1, 2, 3, with_key=with_key)
    way.reconcile(rows, partial=True)
    made = {i.staged.fields["sku"]: i for i in way.products.items.values() if i.live is None}
    assert set(made) == set(rows)
    theirs = made["N-2"]
    fields = {**theirs.staged.fields, "seo": "theirs"}
    way.products.store(theirs, replace(theirs.staged, fields=fields))
    draft = made["N-3"]
    way.products.store(draft, replace(draft.staged, draft=True))
    lose(way)
    again = way.reconcile(rows, partial=True)
    assert found(again) == {causes.STAGED: ["N-1"], causes.WHOSE: ["N-2"]}
    way.run(600)
    assert theirs.live is draft.live is None
    assert (made["N-1"].live is not None) is (publish == "items")  # the site waits for the person


def test_what_is_archived_leaves_the_site(site):
    told = site(policy={"orphans": "archive"})
    way = told.way
    way.reconcile(source(100))
    way.run(600)
    way.reconcile(source(100, range(1, 6)))
    assert way.products.items[way.id(6)].staged.archived
    lose(way)
    again = way.reconcile(source(100, range(1, 6)))
    assert found(again) == {causes.STAGED: ["P-0006"]}
    way.run(600)
    assert way.products.items[way.id(6)].live is None
    assert found(way.reconcile(source(100, range(1, 6)))) == {}
    assert told.waiting() == {}


def test_what_an_editor_has_archived_stays(site):
    told = site(policy={"orphans": "archive"})
    way = told.way
    way.reconcile(source(100))
    way.run(600)
    item = way.products.items[way.id(6)]
    way.pass_time(1)
    copy = Copy(item.staged.fields, archived=True, draft=False, updated=way.site.now())
    way.products.store(item, copy)
    lose(way)
    assert found(way.reconcile(source(100))) == {}
    way.run(600)
    assert item.live is not None


def test_live_copies_that_cannot_be_read_prove_nothing(site):
    told = site()
    way = told.way
    way.reconcile(source(100))
    lose(way)
    way.fault("status", match={"method": "GET", "path": "*/live"}, status=403)
    with pytest.raises(Exception, match="live item"):
        way.reconcile(source(100))


def test_a_loss_costs_one_call_for_each_item_that_waits_or_a_listing(site):
    told = site()
    way = told.way
    way.reconcile(source(100, [1]), partial=True)
    lose(way)
    way.forget_requests()
    way.reconcile(source(100, [1]), partial=True)
    reads = [r.path for r in way.requests if r.path.endswith("/live")]
    assert len(reads) == 1


def test_what_an_older_process_has_staged_is_published(site):
    """A release that does not publish notes nothing of what it stages."""
    told = site()
    way = told.way
    way.begin(publish="never")
    way.reconcile(source(100))
    way.begin(publish="items")
    way.run(600)
    assert told.published() == []
    assert found(way.reconcile(source(100))) == {causes.STAGED: [*source(100)]}
    way.run(600)
    assert way.shown("stock", range(1, 7)) == [100 + n for n in range(1, 7)]


def test_an_edit_found_by_a_reconcile_is_one_of_its_variant(site):
    told = site(items=2)
    way = told.way
    localize(way, "en", "de")
    way.configure(locales="all")
    rows = source(100, (1, 2))
    way.reconcile(rows)
    add_variant(way, 1, name="Eiche", stock=101)
    told.queue(1, "theirs")
    lose(way)
    assert found(way.reconcile(rows))[causes.WHOSE] == ["P-0001"]
    way.run(2)
    way.change(1, stock=103)
    way.run(2 * AGAIN)
    assert live_in(way, 1) == 103
    assert way.live(1)["name"] != "theirs"
    assert [*told.waiting().values()] == ["e"]
    way.publish(1)
    way.run(2 * AGAIN)
    assert told.waiting() == {}

"""Which variants of an item are compared, and what is found where one is missing."""

from dataclasses import replace

import pytest

from service.reconcile.plan import causes
from service.reconcile.plan.diff import compare
from service.reconcile.plan.model import ComparedRecord
from service.reconcile.plan.written_variants import WrittenVariants
from tests.support.comparisons import comparison, held, listed, wanted
from workers.store.item_record import ItemRecord

SITE = WrittenVariants("all", ("en", "de", "fr"))
GERMAN = "stock@de"


def differences(source, outbox=None, *, item, **more):
    """Return what is found of one record with one field on a site with three locales."""
    holding = ItemRecord({source.slug: outbox} if outbox else {})
    one = ComparedRecord("k1", 1, False, (source,), (item,), held=holding, **more)
    return list(compare(one, replace(comparison(), written=SITE)))


@pytest.mark.parametrize(
    ("outbox", "cause", "act"),
    [
        pytest.param(None, causes.MISSED, causes.ACCEPT, id="never had"),
        pytest.param(held(2, at=50), causes.MISSED, causes.ACCEPT, id="older"),
        pytest.param(held(1), causes.LOST, causes.REPAIR, id="written"),
        pytest.param(held(1, state="dead"), causes.LETTER, causes.NONE, id="dead letter"),
        pytest.param(held(2, at=50, state="dead"), causes.MISSED, causes.ACCEPT, id="older letter"),
    ],
)
def test_a_field_of_a_locale_is_not_shown_where_its_variant_is_missing(outbox, cause, act):
    (finding,) = differences(wanted(1, slug=GERMAN), outbox, item=listed())
    assert (finding.cause, finding.act, finding.slug) == (cause, act, GERMAN)
    assert finding.why == "the item has no variant in de"


def test_a_field_of_another_locale_is_not_compared_with_the_live_copy_of_the_primary_one():
    item, live = listed(updated=300), listed(fields={"stock": 9})
    more = {"item": item, "live": live, "variants": {"de": listed(), "fr": listed()}}
    assert differences(wanted(1, slug=GERMAN), **more) == []
    assert [found.cause for found in differences(wanted(1), **more)] == [causes.MISSED]


@pytest.mark.parametrize(
    ("locales", "tags"), [(("de",), ["de"]), (("DE", "en"), ["", "de"]), (("fr",), [])]
)
def test_a_collection_shows_a_field_in_the_locales_that_it_names_and_the_item_has(locales, tags):
    written = WrittenVariants(locales, ("en", "de", "fr"))
    views = written.views(listed(), {"de": listed(id="i1")}, "stock")
    assert [tag for tag, _ in views] == tags

"""What an answer means for an item of which several variants were sent."""

from dataclasses import replace

import pytest

from workers.config.settings import Collection, Destination
from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.policy.rules import judge
from workers.webflow.item_answers import Answer, ItemView

EN, DE, FR = "en-id", "de-id", "fr-id"
TAGS = {EN: "en", DE: "de", FR: "fr"}
STOCK = ClaimedField("stock", "2", "number", 2)
NAME = ClaimedField("name@de", '"Lampe"', "plain", 3)
NEVER = "Live PATCH updates can't be applied to items that have never been published"


def view(locale, fields=None, **more):
    held = {"sku": "k", "stock": 2, "name": "Lampe"} | (fields or {})
    return ItemView(
        "i", held, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", locale=locale, **more
    )


def item_outcome(outcome, variants, *fields, staged=False, kind="update", **item):
    claimed = ClaimedItem("k", "i", fields or (STOCK,), variants=variants, **item)
    batch = Batch(
        "t", "site", "products", (claimed,), kind, staged=staged, locales=TAGS, primary=EN
    )
    batch_outcome = judge(
        batch,
        outcome,
        destination=Destination("site", "v2", "token"),
        collection=Collection("products", "site", "c1", key="sku"),
        sent={"k": {"stock": 2, "name@de": "Lampe"}},
        spread=0.5,
    )
    return batch_outcome.item_outcomes[0]


def shown(*views):
    return Answer(200, items={"i": views[0]} if views else {}, variants=views)


def refused(status, code, message):
    return Answer(status, code, message)


BOTH = {EN: ("stock",), DE: ("stock", "name@de")}


def test_what_every_variant_shows_is_written():
    found = item_outcome(shown(view(EN), view(DE)), BOTH, STOCK, NAME)
    assert set(found.written) == {"stock", "name@de"}
    assert found.shown == {"stock": (EN, DE), "name@de": (DE,)}
    assert found.missed == ()


def test_what_one_variant_lost_is_not_written_and_goes_again_there():
    found = item_outcome(shown(view(EN), view(DE, {"stock": 5})), BOTH, STOCK, NAME)
    assert found.written == ("name@de",)
    assert found.shown["stock"] == (EN,)
    assert (found.missed, found.limit, found.attempt) == (("stock",), 1, False)


def test_a_variant_that_the_answer_leaves_out_is_missed():
    found = item_outcome(shown(view(EN)), {EN: ("stock",), DE: ("stock",)})
    assert (found.written, found.missed, found.shown) == ((), ("stock",), {"stock": (EN,)})


def test_the_answer_is_read_by_locale_and_not_by_place():
    found = item_outcome(shown(view(DE, {"stock": 5}), view(EN)), {EN: ("stock",), DE: ("stock",)})
    assert found.shown == {"stock": (EN,)}


def test_a_variant_that_loses_it_alone_twice_is_a_dead_letter_that_names_its_locale():
    field = replace(STOCK, misses=2)
    found = item_outcome(shown(view(DE, {"stock": 5})), {DE: ("stock",)}, field)
    [failure] = found.failures
    assert (failure.kind, failure.slugs) == ("not-applied", ("stock",))
    assert failure.problems[0].message == "in de: the item holds 5"


def test_the_key_of_another_variant_is_not_compared():
    found = item_outcome(shown(view(DE, {"sku": "anders"})), {DE: ("stock",)})
    assert found.written == ("stock",)


def test_the_key_of_the_primary_variant_is():
    found = item_outcome(
        shown(view(EN, {"sku": "other"}), view(DE)), {EN: ("stock",), DE: ("stock",)}
    )
    assert (found.forget, found.overwrote) == (True, "other")


@pytest.mark.parametrize("status", [400, 404, 409])
def test_two_variants_of_one_item_are_isolated_before_either_is_condemned(status):
    message = NEVER if status == 409 else "bad"
    found = item_outcome(
        refused(status, "x", message), {EN: ("stock",), DE: ("stock",)}, looked=True
    )
    assert (found.limit, found.failures, found.staged, found.forget) == (1, (), None, False)


def test_a_variant_that_was_never_published_is_staged_alone():
    found = item_outcome(refused(409, "conflict", NEVER), {DE: ("stock",)})
    assert (found.variants, found.staged) == ({DE: "staged"}, None)
    found = item_outcome(refused(409, "conflict", NEVER), {EN: ("stock",)})
    assert (found.variants, found.staged) == ({}, True)


def test_a_variant_that_is_not_there_is_forgotten_and_its_item_is_not():
    found = item_outcome(refused(404, "resource_not_found", "no item"), {DE: ("stock",)})
    assert (found.variants, found.forget, found.failures) == ({DE: "gone"}, False, ())
    found = item_outcome(refused(404, "resource_not_found", "no item"), {EN: ("stock",)})
    assert (found.variants, found.forget) == ({}, True)


def test_a_staged_variant_that_is_live_by_now_is_written_live():
    found = item_outcome(shown(view(DE)), {DE: ("stock",)}, staged=True)
    assert (found.variants, found.written) == ({DE: "live"}, ())


def test_what_is_refused_alone_says_in_which_locale():
    found = item_outcome(refused(400, "validation_error", "Is too long"), {DE: ("name@de",)}, NAME)
    [failure] = found.failures
    assert (failure.slugs, failure.message) == (("name@de",), "in de: Is too long")


def test_a_variant_that_could_not_be_published_is_not_live():
    answer = Answer(200, errors=("i: a reference is not published",))
    found = item_outcome(answer, {DE: ("stock",)}, kind="publish")
    assert (found.variants, found.staged, found.unpublishable) == ({}, None, True)
    assert found.failures[0].message == "i: a reference is not published"

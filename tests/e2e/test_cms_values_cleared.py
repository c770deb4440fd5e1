"""Values that clear a field, and days: what the CMS makes of them, and what comes of it later."""

from dataclasses import replace

import pytest


@pytest.fixture
def texts(reconciling):
    way = reconciling(items=5, window=600, requests_per_minute=600)
    way.edit(1, supplier="Oak Ltd", description="<p>x</p>")
    return way


def test_an_empty_text_that_is_kept_as_null_is_written_once(texts):
    empty = {"supplier": "", "description": ""}
    texts.change(1, empty, version=1)
    texts.run()
    texts.change(1, empty, version=2)
    texts.run()
    assert texts.counts("written", "unchanged", "dead") == (2, 2, 0)
    for _ in range(2):
        told = texts.reconcile({texts.record(1): (empty, 2)}, partial=True)
        assert (told.by_cause(), {call.method for call in told.calls}) == ({}, {"GET"})
    assert "supplier" not in texts.staged(1)


@pytest.mark.parametrize("slug", ["supplier", "description"])
def test_a_null_that_the_cms_passes_over_goes_again_as_an_empty_text(way, slug):
    way.site.rules.passes_over_nulls = True
    way.edit(1, **{slug: "<p>x</p>"})
    way.change(1, {slug: None})
    way.run()
    assert [sent[slug] for sent in way.sent_to(1)] == [None, ""]
    assert way.counts("written", "dead") == (1, 0)
    way.change(1, {slug: None})
    way.run()
    assert way.counts("unchanged") == (1,)


def test_an_empty_text_without_effect_either_dies_as_not_applied(way):
    way.fault("drop-field", slug="supplier")
    way.edit(1, supplier="Oak Ltd")
    way.change(1, supplier=None)
    way.run()
    assert [sent["supplier"] for sent in way.sent_to(1)] == [None, ""]
    assert [letter.kind for letter in way.letters()] == ["not-applied"]


def test_what_is_no_text_is_cleared_by_null_alone(way):
    way.fault("drop-field", slug="stock")
    way.change(1, stock=None)
    way.run()
    assert [sent["stock"] for sent in way.sent_to(1)] == [None, None]


def test_a_day_that_is_kept_at_midnight_is_written_once(reconciling):
    way = reconciling(items=5, window=600, requests_per_minute=600)
    field = way.products.fields["launched"]
    way.products.fields["launched"] = replace(field, validations={})
    way.change(1, launched="2025-11-15T03:00:00.000Z", version=1)
    way.run()
    assert way.staged(1)["launched"] == "2025-11-15T00:00:00.000Z"
    way.change(1, launched="2025-11-15T03:00:00.000Z", version=2)
    way.run()
    assert way.counts("written", "unchanged") == (1, 1)
    source = {way.record(1): ({"launched": "2025-11-15T03:00:00.000Z"}, 2)}
    for fresh in (False, True):
        if fresh:
            way.store.flushall()
        told = way.reconcile(source, partial=True)
        assert (told.by_cause(), {call.method for call in told.calls}) == ({}, {"GET"})


# the text of a picture --------------------------------------------------------------------------

PICTURE = {"url": "https://shop.example.com/oak.png", "alt": "An oak desk"}


def test_a_picture_has_its_text(way):
    way.change(1, image=PICTURE)
    way.run()
    assert way.staged(1)["image"]["alt"] == "An oak desk"
    assert way.sent_to(1) == [{"image": PICTURE}]
    assert way.counts("written", "dead") == (1, 0)


def test_a_picture_that_is_known_gets_another_text_by_its_id(way):
    way.change(1, image=PICTURE)
    way.run()
    file = way.staged(1)["image"]
    way.change(1, image={"fileId": file["fileId"], "url": file["url"], "alt": "Oak"})
    way.run()
    assert way.staged(1)["image"] == file | {"alt": "Oak"}
    expected = {"fileId": file["fileId"], "alt": "Oak"}
    assert expected.items() <= way.sent_to(1)[1]["image"].items()
    assert way.counts("written", "dead") == (2, 0)

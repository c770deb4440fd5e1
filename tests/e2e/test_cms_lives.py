"""The lives of records name the requests that the CMS got, and its words."""

import pytest


def calls(way, record):
    """The requests that a life tells, as the CMS lists them."""
    entries = way.lives().get(record, ())
    return [(e.call.method, e.call.path, e.call.status) for e in entries if e.what == "answered"]


def requests(way, *methods):
    return [(each.method, each.path) for each in way.requests if each.method in methods]


def test_an_update_is_told_as_it_was_sent(way):
    way.change(1, stock=3)
    way.run()
    [(method, path, status)] = calls(way, way.id(1))
    assert [(method, path)] == requests(way, "PATCH")
    assert 200 <= status < 300


def test_a_staged_update_is_told_as_it_was_sent(open_way, api):
    way = open_way(api=api, live=False)
    way.change(1, stock=3)
    way.run()
    assert [call[:2] for call in calls(way, way.id(1))] == requests(way, "PATCH")


def test_a_creation_is_told_as_it_was_sent(making):
    making.change("new-1", name="Oak desk", stock=1)
    making.run()
    assert [call[:2] for call in calls(making, "new-1")] == requests(making, "POST")


@pytest.mark.parametrize("how", ["unpublish", "delete"])
def test_a_retirement_is_told_as_it_was_sent(way, how):
    way.change(1, stock=3, version=1)
    way.run()
    way.retire(1, how, version=5)
    way.run()
    told = [call[:2] for call in calls(way, way.id(1))]
    assert told[1:] == requests(way, "DELETE")


def test_a_publish_is_told_as_it_was_sent(way):
    way.retire(1, "unpublish", version=5)
    way.run()
    way.change(1, stock=6, version=6)
    way.run()
    sent = [call for call in requests(way, "POST", "PUT") if call[1].endswith("/publish")]
    assert sent
    assert [call[:2] for call in calls(way, way.id(1)) if call[1].endswith("/publish")] == sent


def test_a_refusal_has_the_status_and_the_words_of_the_cms(way):
    way.change(1, stock="many")
    way.run()
    *_, refused = (e for e in way.lives()[way.id(1)] if e.what == "answered")
    assert refused.call.status == 400
    assert "alidation" in refused.call.message
    [problem] = refused.detail["problems"]
    assert problem["path"] == "stock"
    assert "number" in problem["message"].lower()
    assert refused.fields["stock"].fate == "dead"


def test_a_paused_destination_is_why_it_goes_again(way):
    way.down(401)
    way.change(1, stock=3)
    way.run()
    *_, refused = (e for e in way.lives()[way.id(1)] if e.what == "answered")
    assert (refused.call.status, refused.detail["why"]) == (401, "paused")


def test_a_rate_limit_is_why_it_goes_again(way):
    way.down(429, times=1, retry_after=17)
    way.change(1, stock=3)
    way.run()
    limited, taken = (e for e in way.lives()[way.id(1)] if e.what == "answered")
    assert (limited.call.status, limited.detail["why"]) == (429, "budget")
    assert limited.detail["attempts"] == 0
    assert taken.fields["stock"].fate == "written"


def test_no_answer_is_told_with_the_reason(way):
    way.down(504, times=1)
    way.change(1, stock=3)
    way.run()
    first, *_ = (e for e in way.lives()[way.id(1)] if e.what == "answered")
    assert (first.call.status, first.detail["why"]) == (504, "unknown")
    assert first.fields["stock"].fate == "unknown"

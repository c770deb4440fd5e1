"""Answers that stop a destination or a collection: nothing is burned, and delivery goes on."""

import pytest


def test_a_rate_limit_closes_the_budget_and_counts_no_attempt(way):
    way.down(429, times=1, retry_after=17)
    way.change(1, stock=7)
    way.run(1)
    assert way.meta(1, "attempts") is None
    way.run()
    first, second = way.patches()
    assert 17 <= second.at - first.at < 62
    assert way.live(1)["stock"] == 7
    assert way.context.report.status()["destinations"]["site"]["rate_limited"] == 1


def test_v1_says_its_rate_limit_with_400(open_way):
    way = open_way(api="v1")
    way.down(400, times=1, code="RateLimit", message="Rate limit hit")
    way.change(1, stock=7)
    way.run()
    first, second = way.patches()
    assert 55 <= second.at - first.at < 62
    assert way.counts("written", "dead") == (1, 0)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_pauses_the_destination_until_it_is_resumed(way, status):
    way.down(status)
    for n in range(1, 6):
        way.change(n, stock=n)
    way.run()
    assert way.state()[0] == "paused"
    assert str(status) in way.state()[1]
    assert len(way.requests) == 1
    assert way.counts("pending", "dead") == (5, 0)
    assert way.meta(1, "attempts") is None
    way.mend()
    way.resume()
    way.run()
    assert way.shown("stock", range(1, 6)) == [1, 2, 3, 4, 5]


def test_a_start_with_another_token_resumes(way):
    way.site.tokens.set("t", valid=False)
    way.change(1, stock=7)
    way.run()
    assert way.context.breaker.resume_renewed() == []
    way.site.tokens.set("u", valid=True)
    way.begin(token="u")
    assert way.context.breaker.resume_renewed() == ["site"]
    way.run()
    assert way.live(1)["stock"] == 7


def test_a_start_with_another_token_leaves_what_an_operator_paused(way):
    way.context.breaker.pause("site", "stocktaking")
    way.begin(token="u")
    assert way.context.breaker.resume_renewed() == []
    assert way.state() == ("paused", "stocktaking")


def test_a_paused_destination_keeps_what_comes_in(way):
    way.context.breaker.pause("site", "stocktaking")
    way.change(1, stock=7)
    way.run()
    assert not way.requests
    way.resume()
    way.run()
    assert way.live(1)["stock"] == 7


def test_a_redirect_pauses_and_is_not_followed(way):
    way.down(302, location="/elsewhere")
    way.change(1, stock=7)
    way.run()
    assert way.state()[0] == "paused"
    assert "/elsewhere" in way.state()[1]
    assert len(way.requests) == 1
    assert way.counts("pending", "dead") == (1, 0)


def test_a_refused_token_is_seen_by_a_listing_too(open_way, api):
    way = open_way(api=api, by="key")
    way.down(401, match={"method": "GET"})
    way.change(1, stock=7)
    way.run()
    assert way.state()[0] == "paused"
    way.mend()
    way.resume()
    way.run()
    assert way.live(1)["stock"] == 7


@pytest.mark.parametrize(
    "reason",
    [
        "The collection structure changed since the last publish",
        "The site is not published",
        "The site hasn't been published",
    ],
)
def test_a_conflict_of_the_whole_collection_is_told_and_resumed_by_hand(way, api, reason):
    way.products.blocked = reason
    way.change(1, stock=7, supplier="Oak Ltd")
    way.run(20)
    never = (api, reason) == ("v1", "The site is not published")
    if never:  # v1 says so of a site that was never published
        assert way.state("products") == ("paused", "404 NotFound: Collection not found: null")
    else:
        assert way.state("products") == ("waiting", "not published")
    assert way.state() == ("flowing", "")
    assert way.counts("pending", "dead") == (2, 0)
    assert len(way.requests) == 1
    way.products.blocked = None
    way.resume("products")
    way.run()
    assert way.live(1)["stock"] == 7


def test_a_paused_collection_does_not_hold_up_another(open_way, api):
    way = open_way(api=api, by="key", more={"shop": {}})
    way.context.breaker.pause("products", "stocktaking")
    way.change(1, stock=7)
    way.run()
    way.change("P-0002", stock=8, collection="shop")
    way.run()
    assert way.counts("written", "pending") == (1, 1)


def test_a_collection_that_is_gone_pauses_it(way):
    del way.site.collections[way.products.id]
    way.change(1, stock=7)
    way.run()
    assert way.state("products")[0] == "paused"
    assert way.state() == ("flowing", "")
    assert way.counts("pending", "dead") == (1, 0)


def test_a_collection_that_a_listing_does_not_find_pauses_it(open_way, api):
    way = open_way(api=api, by="key")
    del way.site.collections[way.products.id]
    way.change(1, stock=7)
    way.run()
    assert way.state("products")[0] == "paused"
    assert [request.method for request in way.requests] == ["GET"]

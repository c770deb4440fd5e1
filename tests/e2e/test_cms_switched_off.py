"""An API that has ended, or refuses who asks: the destination pauses, nothing is burned."""

import pytest

ENDS = {
    "route": (404, "RouteNotFoundError", "Route not found: /collections/x/items"),
    "gone": (410, "Gone", "The v1 API has been sunset. Use v2."),
    "version": (400, "InvalidAuthVersion", "Invalid auth version"),
    "sunset": (400, "BadRequest", "This API was sunset on 2025-03-31"),
    "authorisation": (400, "BadRequest", "Missing the following scopes: cms:write"),
}


@pytest.fixture(params=ENDS)
def end(request):
    status, code, message = ENDS[request.param]
    return {"status": status, "code": code, "message": message}


def test_the_destination_pauses_with_what_to_do_and_goes_on_when_resumed(way, end):
    way.fault("status", **end)
    for n in range(1, 9):
        way.change(n, stock=n)
    way.run()
    state, reason = way.state()
    assert state == "paused"
    assert end["message"] in reason
    assert "instep resume" in reason
    assert way.counts("pending", "dead") == (8, 0)
    assert len(way.requests) == 1
    way.mend()
    way.resume()
    way.run()
    assert way.shown("stock", range(1, 9)) == list(range(1, 9))


def test_a_listing_pauses_it_as_well(open_way, api, end):
    way = open_way(api=api, by="key")
    way.fault("status", match={"method": "GET"}, **end)
    way.change(1, stock=7)
    way.run()
    assert way.state()[0] == "paused"
    assert way.counts("pending", "dead") == (1, 0)
    assert len(way.requests) <= 2  # v2 may first be asked by a filter, which not every site takes


def test_an_item_that_is_not_there_pauses_nothing(way):
    way.remove(3)
    for n in (2, 3):
        way.change(n, stock=n)
    way.run()
    assert way.state() == ("flowing", "")
    assert way.state("products") == ("flowing", "")
    assert way.live(2)["stock"] == 2

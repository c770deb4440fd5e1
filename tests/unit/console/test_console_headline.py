"""The sentence at the top: what stops the site comes before what is slow, and before a problem."""

import pytest

from service.console.headline import headline_of
from service.operate.attention import Need
from service.operate.destination_view import BudgetUse, DestinationView, Lately
from service.operate.freshness import Freshness, Spread
from service.operate.need_titles import title_of
from service.operate.overview import Chart, Overview

SINCE = "2026-05-12T02:14:00Z"
CHART = Chart(None, 60, [], [], [], [], [])


def spread(p50=0.5, p99=3.25, values=10):
    return Spread(p50, p99, values, ())


def need(name, state="notice", noun="problems", id=None):
    return Need(name, title_of(name), state, SINCE, 1, "mend it", "the token was refused", noun, id)


def destination(name, by):
    lately = Lately(0, 0, 0)
    return DestinationView(
        *(name, "paused", "by hand", SINCE, by, None, None, "", 0, 0.0, None),
        *(BudgetUse(60, 0, 60), lately, lately, spread(), ()),
    )


def overview(*needs, pending=0, oldest=0.0, hour=None, whole=None, by="instep", more=0, not_live=0):
    fresh = Freshness(oldest, None, hour, whole or spread())
    shown = (destination("site", by),)
    return Overview(SINCE, needs, more, shown, pending, not_live, fresh, CHART, CHART, None)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({}, "Everything is on the site"),
        ({"not_live": 1}, "Everything that is published is on the site"),
        (
            {"whole": spread(None, None, 0)},
            "Nothing waits, and nothing was written yet",
        ),
        (
            {"pending": 1, "oldest": 3.2},
            "1 item is on the way to the site, the oldest for 3.2 s",
        ),
        (
            {"pending": 1200, "oldest": 75.0},
            "1,200 items are on the way to the site, the oldest for 1 min 15 s",
        ),
    ],
)
def test_all_is_well(options, what):
    found = headline_of(overview(**options))
    assert (found.what, found.state, found.since, found.why) == (what, "flowing", None, "")


def test_a_problem_is_not_all_well():
    found = headline_of(overview(need("problem p1: 3 refused in products")))
    assert (found.what, found.state) == (
        "Changes reach the site, but 1 thing needs a person",
        "waiting",
    )
    problems = [need(f"problem p{n}: 3 refused in products") for n in range(3)]
    found = headline_of(overview(*problems, more=1000, pending=2, oldest=1.0))
    assert found.what.endswith("the oldest for 1 s, but 1,003 things need a person")


def test_what_stops_the_site_is_named_with_its_time_and_its_cause():
    paused = need("destination site: paused", "degraded", "destinations", "site")
    problem = need("problem p1: 3 refused in products")
    found = headline_of(overview(problem, paused))
    assert (found.what, found.since, found.why) == (
        "site is paused",
        SINCE,
        "the token was refused",
    )
    assert found.state == "outage"


@pytest.mark.parametrize(
    ("one", "by", "state"),
    [
        (need("destination site: paused", "degraded", "destinations", "site"), "instep", "outage"),
        (
            need("destination site: paused", "degraded", "destinations", "site"),
            "operator",
            "paused",
        ),
        (need("no worker", "degraded", "processes"), "instep", "outage"),
        (need("memory short", "degraded", "store"), "instep", "paused"),
        (need("collection products: late", "notice", "collections", "products"), "", "paused"),
        (need("store weak", "down", "store"), "instep", "outage"),
    ],
)
def test_its_tone_says_how_bad_it_is(one, by, state):
    assert headline_of(overview(one, by=by)).state == state


def test_what_may_be_lost_comes_before_what_only_waits():
    found = headline_of(
        overview(
            need("destination site: paused", "degraded", "destinations", "site"),
            need("memory full", "down", "store"),
        )
    )
    assert found.what == "The store is full: it takes no new deliveries"


@pytest.mark.parametrize(
    ("hour", "whole", "speed"),
    [
        (
            spread(1.2, 5.0),
            None,
            "In the last hour half of the values were there within 1.2 s, 99 of 100 within 5 s.",
        ),
        (spread(0.5, 0.5), None, "In the last hour 99 of 100 values were there within 0.5 s."),
        (spread(None, None, 0), None, "Nothing was written in the last hour."),
        (
            None,
            spread(1.2, 5.0),
            "Since counting began half of the values were there within 1.2 s, 99 of 100 within "
            "5 s.",
        ),
        (None, spread(None, None, 0), ""),
    ],
)
def test_how_long_values_took(hour, whole, speed):
    assert headline_of(overview(hour=hour, whole=whole)).speed == speed


@pytest.mark.parametrize(
    ("many", "words"),
    [
        (0, ""),
        (1, "1 item is written, but not on the site: nobody has published it in the CMS."),
        (
            1200,
            "1,200 items are written, but not on the site: nobody has published them in the CMS.",
        ),
    ],
)
def test_what_is_written_and_not_published_is_said_whatever_else_is(many, words):
    for found in (
        overview(not_live=many),
        overview(need("destination site: paused"), not_live=many),
    ):
        assert headline_of(found).unpublished == words

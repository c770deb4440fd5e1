"""Why a record that is written is not on the site: a publish of ours is to come."""

from types import SimpleNamespace

import pytest

from service.operate.record_publish import publish_wait
from workers.model.publishing import Member

NEXT = "2026-05-12T09:30:00+00:00"
QUIET = {"next": NEXT, "held": None, "held_since": None, "failed": None, "failed_since": None}


def wait(told=QUIET, **member):
    facts = SimpleNamespace(unpublished=Member("P-1", "i1", "t", **member), publishing=told)
    return publish_wait(facts)


def test_nothing_waits():
    assert publish_wait(SimpleNamespace(unpublished=None, publishing=QUIET)) is None
    assert wait(told=None) is None


@pytest.mark.parametrize(
    ("member", "says"),
    [
        ({}, "the publish of its item: it is staged"),
        ({"by_site": True}, "the publish of the site: it is staged"),
        ({"state": "d"}, "an editor: its item is a draft, and is not published by Instep"),
        (
            {"state": "e"},
            "a person: its item was edited in Webflow, by somebody else as far as anything shows",
        ),
        ({"state": "r"}, "the publish of its item, which is under way"),
        ({"state": "s", "by_site": True}, "the publish of the site, which is under way"),
        ({"state": "x", "why": "no"}, "a publish of its item, which the CMS refuses: no"),
    ],
)
def test_what_it_waits_for(member, says):
    assert wait(**member).says == says


def test_it_says_when_the_publish_is():
    assert wait().at == 1778578200000.0
    assert wait(told=QUIET | {"next": None}).at is None
    assert wait(state="d").at is None


def test_it_says_what_holds_it():
    told = QUIET | {"held": "2 items in Blog posts …", "failed": None}
    assert "publishing is held: 2 items in Blog posts" in wait(told, by_site=True).says
    assert "held" not in wait(told).says
    told = QUIET | {"failed": "403 forbidden"}
    assert "publishing is held: 403 forbidden" in wait(told).says

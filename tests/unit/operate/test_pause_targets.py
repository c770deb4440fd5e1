"""What pause and resume take as a name."""

import pytest

from service.operate.durations import seconds_of
from service.operate.pause_targets import Target, check_scope, target_of
from service.operate.scope import Scope
from tests.support.outbox_driver import settings
from workers.errors import UnknownName
from workers.store.waits import Pause

SETTINGS = settings()


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("site", "destination:site"),
        ("products", "collection:products"),
        ("destination:site", "destination:site"),
        ("collection:stores", "collection:stores"),
        ("source:erp", "source:erp"),
        ("lane:reconcile", "lane:reconcile"),
    ],
)
def test_a_name_says_what_is_meant(text, full):
    target = target_of(text, SETTINGS)
    assert target.full == full
    assert target.by_hand == full.startswith(("source", "lane"))


@pytest.mark.parametrize("text", ["erp", "live", "source:site", "lane:slow", "site:erp", ":site"])
def test_another_name_is_refused_with_those_there_are(text):
    with pytest.raises(UnknownName) as caught:
        target_of(text, SETTINGS)
    assert caught.value.found == repr(text)


def test_what_is_paused_may_be_configured_no_longer():
    assert target_of("source:old", SETTINGS, ["source:old"]) == Target("source", "old")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("90s", 90), ("30m", 1800), ("2h", 7200), ("3d", 259_200), ("999d", 86_313_600)),
        *((each, None) for each in ("", "0s", "1000h", "2", "2w", "-2h", "2h ", "²h", "1.5h")),
    ],
)
def test_a_duration_is_a_number_and_its_unit(text, seconds):
    assert seconds_of(text) == seconds


def test_a_pause_that_an_older_release_set_has_no_end():
    held = {"paused": "x", "by": "operator", "since": "1000", "who": "ann", "till": "1000 61000"}
    assert Pause.parse(held) == Pause("x", "operator", 1000.0, "ann", 61000.0)
    assert Pause.parse(held | {"since": "2000"}).till is None
    assert Pause.parse({"paused": "x"}) == Pause("x", "", None)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("site", True),
        ("destination:site", True),
        ("collection:products", True),
        ("source:erp", True),
        ("source:shared", False),
        ("source:other", False),
        ("collection:stores", False),
        ("lane:live", False),
    ],
)
def test_an_access_pauses_what_is_its_own_alone(name, allowed):
    erp = frozenset({"erp", "shared"})
    own = Scope(False, frozenset({"site"}), frozenset({"products"}), erp, frozenset({"shared"}))
    check_scope(name, SETTINGS, Scope(True, *[frozenset()] * 3))
    if allowed:
        check_scope(name, SETTINGS, own)
    else:
        with pytest.raises(UnknownName):
            check_scope(name, SETTINGS, own)

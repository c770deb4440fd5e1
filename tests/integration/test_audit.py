"""The audit list: what it keeps, its bounds, and what erasure leaves of it."""

import pytest
import redis

from workers.store import audit
from workers.store.audit import Audit
from workers.store.erasure import Erasure
from workers.store.key_text import KeyText


@pytest.fixture
def log(bench):
    return Audit(bench.steps)


def listed(log, limit=50):
    return log.list(None, limit)[0]


def test_an_entry_says_who_changed_what_and_when(log):
    log.record("client-a", "pause", "site", reason="a sale", items=3)
    (entry,) = listed(log)
    assert entry["at"].endswith("+00:00")
    assert {k: entry[k] for k in ("by", "action", "target", "figures")} == {
        "by": "client-a",
        "action": "pause",
        "target": "site",
        "figures": {"reason": "a sale", "items": 3},
    }


def test_the_newest_entry_comes_first_and_the_cursor_goes_on(log):
    for number in range(5):
        log.record("admin", "pause", f"site-{number}")
    first, cursor = log.list(None, 3)
    rest, end = log.list(cursor, 3)
    assert [entry["target"][-1] for entry in first + rest] == ["4", "3", "2", "1", "0"]
    assert end is None


def test_nothing_stands_before_the_first_id(log):
    log.record("admin", "pause", "site")
    assert log.list("0-0", 3) == log.list("00-0", 3) == ([], None)


def test_no_more_than_the_newest_entries_are_kept(log, monkeypatch):
    monkeypatch.setattr(audit, "MOST", 3)
    for number in range(5):
        log.record("admin", "pause", f"site-{number}")
    assert [entry["target"] for entry in listed(log)] == ["site-4", "site-3", "site-2"]


def test_a_long_text_is_cut(log):
    log.record("admin", "pause", "x" * 10_000, reason="y" * 10_000)
    (entry,) = listed(log)
    assert len(entry["target"]) <= audit.LONGEST + 1
    assert len(entry["figures"]["reason"]) <= audit.LONGEST + 1


def test_a_full_store_still_takes_an_entry(log, bench):
    bench.client.config_set("maxmemory", 1)
    try:
        log.record("admin", "pause", "site")
    finally:
        bench.client.config_set("maxmemory", 0)
    assert len(listed(log)) == 1


def test_forgetting_a_record_blanks_the_entries_that_name_it(log, bench, store_socket):
    log.record("admin", "replay", "products REF-77", key="REF-77")
    log.record("admin", "replay", "products REF-78", key="REF-78")
    text = KeyText("products", "REF-77", names=("sku",), is_key=lambda _: False, others=set())
    with redis.Redis(unix_socket_path=store_socket) as raw:
        erasure = Erasure(raw, bench.steps, text)
        erased = erasure.run(erasure.find())
    assert erased.left == ()
    assert erased.gone["audit"] == 1
    other, own = listed(log)
    assert (own["by"], own["action"]) == ("admin", "replay")
    assert (own["target"], own["figures"]) == ("erased", {})
    assert (other["target"], other["figures"]) == ("products REF-78", {"key": "REF-78"})

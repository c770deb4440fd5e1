from service.senders.base import QUERY
from service.senders.watched_headers import WatchedHeaders

HEADERS = {"x-signature": "s3cret", "x-empty": "", QUERY: "a=1"}


def test_what_is_looked_at_is_noted_without_its_value():
    watched = WatchedHeaders(HEADERS)
    found = [watched.get(name) for name in ("x-signature", "x-empty", "x-time", QUERY)]
    assert found == ["s3cret", "", None, "a=1"]
    assert watched.seen == {"x-signature": "present", "x-empty": "missing", "x-time": "missing"}


def test_whoever_reads_all_of_them_gets_all():
    assert dict(WatchedHeaders(HEADERS)) == HEADERS
    assert len(WatchedHeaders(HEADERS)) == 3

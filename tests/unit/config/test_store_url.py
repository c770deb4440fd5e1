"""What REDIS_URL may be."""

import pytest

from workers.config.store_url import EXPECTED, SentinelUrl, is_store_url, sentinels


@pytest.mark.parametrize(
    "url",
    [
        *("redis://h", "redis://h:1/0", "rediss://u:p@h/", "unix:///run/store.sock"),
        "redis+sentinel://h/s",
        "redis+sentinel://:p@h:1,i:2,[::1]:3/s/0",
    ],
)
def test_an_address_of_a_store(url):
    assert is_store_url(url)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis+sentinel://h/s", SentinelUrl((("h", 26379),), "s")),
        (
            "redis+sentinel://us%40er:p%2F%23@a.example:1,b-2:65535/my%20shop/12",
            SentinelUrl((("a.example", 1), ("b-2", 65535)), "my shop", 12, "us@er", "p/#"),
        ),
        (
            "redis+sentinel://:p@[::1]:5,10.0.0.1/s/",
            SentinelUrl((("::1", 5), ("10.0.0.1", 26379)), "s", 0, "", "p"),
        ),
    ],
)
def test_its_parts(url, found):
    assert sentinels(url) == found


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://h",
        "redis+sentinel://h/",
        "redis+sentinel:///s",
        "redis+sentinel://h:0/s",
        "redis+sentinel://h:65536/s",
        "redis+sentinel://h,/s",
        "redis+sentinel://h/s/x",
        "redis+sentinel://h/s?db=1",
        "redis+sentinel://pass#word@h/s",
        "redis+sentinel://word@h/s",
        "rediss+sentinel://h/s",
        "sentinel://h/s",
        "redis://h:port",
        "redis://h/abc",
        "http://h",
    ],
)
def test_everything_else_is_none(url):
    assert not is_store_url(url)
    assert sentinels(url) is None


def test_no_secret_is_shown():
    shown = repr(sentinels("redis+sentinel://us3r:s3cret@h/s"))
    assert "s3cret" not in shown
    assert "us3r" not in shown
    assert "h" in shown


def test_what_is_expected_names_each_form():
    assert all(form in EXPECTED for form in ("redis://", "rediss://", "unix://", "sentinel://"))

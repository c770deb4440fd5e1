"""Names of headers in an environ: short ones are remembered, long ones only read."""

import pytest

from service.web import environ


def head(name):
    return environ.head(
        {
            "http_version": "1.1",
            "method": "POST",
            "raw_path": b"/",
            "query_string": b"",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 40000),
            "scheme": "http",
            "headers": [(name, b"value")],
        }
    )


@pytest.mark.parametrize(("length", "remembered"), [(64, True), (65, False), (60_000, False)])
def test_only_short_names_are_remembered(length, remembered):
    name = b"x-" + b"a" * (length - 2)
    environ._known.cache_clear()
    for _ in range(2):
        assert head(name)[f"HTTP_X_{'A' * (length - 2)}"] == "value"
    assert environ._known.cache_info().hits == remembered


def test_a_name_that_is_dropped_is_dropped_each_time():
    assert [any("X_SIGNATURE" in name for name in head(b"x_signature")) for _ in range(2)] == [
        False,
        False,
    ]

"""The keys of a destination about publishing."""

import pytest

from workers.config.loader import load
from workers.errors import ConfigurationInvalid

TEXT = '[destinations.site]\ntoken = "t0ken"\n'


@pytest.fixture
def read(tmp_path):
    """Load a destination with some keys: it, or the problems."""

    def _read(keys):
        path = tmp_path / "instep.toml"
        path.write_text(TEXT + keys, encoding="utf-8")
        try:
            return load({"INSTEP_CONFIG": str(path)}).destinations["site"]
        except ConfigurationInvalid as error:
            return [
                (each.where.rpartition(".")[2], each.found, each.expected)
                for each in error.problems
            ]

    return _read


def test_nothing_is_published_unless_told(read):
    site = read("")
    assert (site.publish, site.publish_domains, site.publish_others) == ("never", (), False)
    assert (site.publish_window, site.timezone) == ("", "UTC")


def test_every_key_is_read(read):
    site = read(
        'publish = "site"\npublish_domains = ["65e0d1"]\npublish_others = true\n'
        'publish_window = "22:00-06:00"\ntimezone = "Europe/Berlin"\n'
    )
    assert (site.publish, site.publish_domains, site.publish_others) == ("site", ("65e0d1",), True)
    assert (site.publish_window, site.timezone) == ("22:00-06:00", "Europe/Berlin")


@pytest.mark.parametrize("window", ['"6-22"', '"06:00-24:00"', '"06:00-06:00"', "6", '"a"'])
def test_a_window_has_two_times(read, window):
    ((key, _, expected),) = read(f"publish_window = {window}\n")
    assert (key, expected) == ("publish_window", 'two times of a day, such as "06:00-22:00"')


def test_always_is_a_window_too(read):
    assert read('publish_window = ""\n').publish_window == ""


def test_v1_cannot_publish(read):
    ((key, found, expected),) = read('api = "v1"\npublish = "items"\n')
    assert (key, found) == ("publish", '"items" with api = "v1"')
    assert expected.startswith('api = "v2"')


def test_v1_may_say_never(read):
    assert read('api = "v1"\npublish = "never"\n').publish == "never"

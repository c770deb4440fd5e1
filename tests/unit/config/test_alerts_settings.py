"""The table [alerts]: its defaults, its problems, and that its addresses are secrets."""

import base64

import pytest

from service.operate.scope import Scope
from service.operate.settings_in_force import settings_in_force
from workers.config.alerts_schema import key_of
from workers.config.loader import load
from workers.config.settings import ALERT_KINDS
from workers.errors import ConfigurationInvalid
from workers.model.mask import Mask

SLACK = "https://hooks.slack.com/services/T0/B0/s3cr3tpart"
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
EVERYTHING = Scope(True, frozenset(), frozenset(), frozenset())
DESTINATION = '[destinations.site]\ntoken = "t0ken-of-the-site"\n'


@pytest.fixture
def loaded(tmp_path):
    def _loaded(text, **environ):
        path = tmp_path / "instep.toml"
        path.write_text(DESTINATION + text)
        return load({"INSTEP_CONFIG": str(path), **environ})

    return _loaded


def test_without_the_table_there_are_none(loaded):
    assert loaded("").alerts is None


def test_it_has_the_documented_defaults(loaded):
    alerts = loaded("[alerts]").alerts
    assert (alerts.url, alerts.secret, alerts.heartbeat) == ("", None, "")
    assert (alerts.on, alerts.late_seconds, alerts.every) == (ALERT_KINDS, 300, 900)


def test_every_key_is_read(loaded):
    text = f"""[alerts]
    url = "${{URL}}"
    secret = "{SECRET}"
    on = ["late", "silence"]
    late_seconds = 60
    every = "2h"
    heartbeat = "https://hc.example/abcdef"
    """
    alerts = loaded(text, URL=SLACK).alerts
    assert (alerts.url, alerts.secret) == (SLACK, SECRET)
    assert (alerts.on, alerts.late_seconds, alerts.every) == (("late", "silence"), 60, 7200)
    assert alerts.heartbeat == "https://hc.example/abcdef"


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        ('url = "slack"', "url", "http"),
        ('heartbeat = "x"', "heartbeat", "http"),
        ('url = "https://x.example"\nsecret = "short"', "secret", "24 to 64 bytes"),
        ('url = "https://x.example"\nsecret = "whsec_äöü"', "secret", "24 to 64 bytes"),
        (f'secret = "{SECRET}"', "secret", "url as well"),
        ('on = ["paused", "anything"]', "on", "silence"),
        ("on = 7", "on", "silence"),
        ("late_seconds = 0", "late_seconds", "above 0"),
        ('every = "15"', "every", '"15m"'),
        ("every = 15", "every", '"15m"'),
        ("uri = 1", "uri", "one of url"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_expected(loaded, line, key, expected):
    with pytest.raises(ConfigurationInvalid) as caught:
        loaded(f"[alerts]\n{line}")
    (problem,) = caught.value.problems
    assert problem.where.endswith(f"alerts.{key}")
    assert expected in problem.expected


def test_the_addresses_and_the_secret_are_shown_nowhere(loaded):
    settings = loaded(f'[alerts]\nurl = "{SLACK}"\nsecret = "{SECRET}"')
    shown = f"{settings!r} {settings_in_force(settings, EVERYTHING)}"
    assert "s3cr3tpart" not in shown
    assert SECRET not in shown
    # An error of requests has the path alone.
    masked = Mask(settings.hidden).text("Max retries exceeded with url: /services/T0/B0/s3cr3tpart")
    assert masked == "Max retries exceeded with url: ***"


def test_a_wrong_address_is_not_shown_either(loaded):
    with pytest.raises(ConfigurationInvalid) as caught:
        loaded('[alerts]\nurl = "hooks.slack.com/s3cr3tpart"')
    assert "s3cr3tpart" not in str(caught.value)


@pytest.mark.parametrize("text", [SECRET, SECRET.removeprefix("whsec_").rstrip("=")])
def test_the_prefix_and_the_padding_of_a_secret_may_be_left_out(text):
    assert key_of(text) == b"k" * 32

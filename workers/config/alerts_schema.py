"""The table ``[alerts]``, and its checks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final, Protocol

from workers.config.reconcile_schema import seconds
from workers.config.schemas import Section, Value, made
from workers.config.settings import ALERT_KINDS, Alerts
from workers.config.value_checks import above_zero, is_url, texts
from workers.errors import Problem

PREFIX: Final = "whsec_"
_KEY_BYTES: Final = range(24, 65)  # of a secret, as Standard Webhooks asks for
SECRET: Final = f"{PREFIX} and base64 of {_KEY_BYTES[0]} to {_KEY_BYTES[-1]} bytes"


def key_of(secret: str) -> bytes:
    """Return the key in a secret of Standard Webhooks, with or without its prefix; b"": none."""
    text = secret.removeprefix(PREFIX)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def is_secret(value: Any) -> bool:
    return isinstance(value, str) and len(key_of(value)) in _KEY_BYTES


def make_secret() -> str:
    """Return how one is made."""
    return f'make one: echo "{PREFIX}$(openssl rand -base64 32)"'


def _is_url_or_nothing(value: Any) -> bool:
    return value == "" or is_url(value)


def _are_kinds(value: Any) -> bool:
    return texts(0)(value) and set(value) <= set(ALERT_KINDS)


class AlertsSection(Section):
    url = Value(
        "an http(s) address",
        _is_url_or_nothing,
        secret=True,
        do='set it from the environment, as in "${ALERTS_URL}"',
    )
    secret = Value(
        SECRET,
        is_secret,
        secret=True,
        do=make_secret(),
    )
    on = Value(f"a list of {', '.join(ALERT_KINDS)}", _are_kinds, do="leave out what you know")
    late_seconds = Value("a number of seconds above 0", above_zero)
    every = Value(
        '"15m", "2h" or "1d": minutes, hours or days', lambda value: seconds(value) is not None
    )
    heartbeat = Value(
        "an http(s) address",
        _is_url_or_nothing,
        secret=True,
        do='set it from the environment, as in "${HEARTBEAT_URL}"',
    )


class Reading(Protocol):
    """The reader of the file, `workers.config.sections`."""

    file: str
    top: dict[str, Any]

    def check(self, section: Section, raw: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the valid keys of *raw*, and record the problems of the others."""

    def add(self, problem: Problem) -> None:
        """Record a problem."""


def read(reader: Reading) -> Alerts | None:
    """Return the table; None: there is none."""
    table = reader.top.get("alerts")
    if table is None:
        return None
    values = reader.check(made(AlertsSection), table, "alerts.")
    if values.get("secret") and not table.get("url"):
        where, expected = (
            f"{reader.file}: alerts.secret",
            "url as well: it signs what is sent there",
        )
        reader.add(Problem(where, "no url", expected, "add url, or remove secret"))
    if "every" in values:
        values["every"] = seconds(values["every"])
    if "on" in values:
        values["on"] = tuple(values["on"])
    return Alerts(**values)

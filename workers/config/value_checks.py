"""The checks of single values in ``instep.toml``; each takes whatever TOML can hold."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from workers.config.times import moment


def one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def whole(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= least


def number(least: float) -> Callable[[Any], bool]:
    # Not isinstance: true is an int in Python, and a mistake here.
    return lambda value: type(value) in (int, float) and math.isfinite(value) and value >= least


def above_zero(value: Any) -> bool:
    return number(0)(value) and value > 0


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def is_token(value: Any) -> bool:
    """Tell whether an Authorization header can carry *value*."""
    return is_text(value) and value.isascii() and value.isprintable() and " " not in value


def is_path_part(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.~-]+", value) is not None


def is_slug(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]+", value) is not None


def are_keys(value: Any) -> bool:
    if not isinstance(value, list):
        return is_slug(value)
    return len(value) > 1 and all(map(is_slug, value)) and len(set(value)) == len(value)


def texts(least: int) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, list) and len(value) >= least and all(is_text(each) for each in value)
    )


def is_secret(value: Any) -> bool:
    if not isinstance(value, dict):
        return is_text(value)
    known = value.keys() <= {"value", "until"} and is_text(value.get("value"))
    return known and ("until" not in value or moment(value["until"]) is not None)


def are_secrets(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(is_secret, value))


def is_url(value: Any) -> bool:
    if not is_text(value) or not value.isascii() or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    known = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
    return known and parts.username is None and not parts.fragment


def is_address(value: Any) -> bool:
    return is_url(value) and not urlsplit(value).query


def is_site_address(value: Any) -> bool:
    return is_address(value) and not value.rstrip("/").endswith("/v2")


def is_table(value: Any) -> bool:
    return isinstance(value, dict)

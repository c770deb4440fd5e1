"""Bodies as values. Whatever the bytes are, the only exception is PayloadInvalid."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import parse_qsl

from workers.errors import PayloadInvalid

MAX_DEPTH: Final = 100  # levels of lists and objects; what reads a payload later is recursive
MAX_FIELDS: Final = 10_000  # of a form

_FORM: Final = "application/x-www-form-urlencoded"
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)  # the last may be cut off
_BRACKETS = re.compile(r"[\[\]{}]")
SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")

T = TypeVar("T")


def parse_json(body: bytes) -> Any:
    """
    Return *body* as JSON. Of equal keys in one object the last counts.

    Raises:
        PayloadInvalid: It is not UTF-8, not JSON, nests too deeply, or holds what no store can
            keep: NaN, an infinity, half a surrogate pair.
    """
    text = _decode(body)
    if too_deep(text):
        raise PayloadInvalid(f"the body nests deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(text, **NUMBERS)
        if SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise PayloadInvalid("the body holds half a surrogate pair") from None
    except ValueError as error:
        raise PayloadInvalid(f"the body is not JSON: {error}") from None
    return value


def parse_form(body: bytes) -> dict[str, str | list[str]]:
    """
    Return a form as text by name; a name that is repeated has a list.

    Raises:
        PayloadInvalid: It is not UTF-8, before or after decoding, or has too many fields.
    """
    try:
        pairs = parse_qsl(
            _decode(body), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        raise PayloadInvalid(f"the body is not a form: {error}") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def parse(headers: Mapping[str, str], body: bytes) -> Any:
    """
    Return a form where the content type says so, else JSON.

    Raises:
        PayloadInvalid: The body cannot be read as what it is.
    """
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    # curl -d calls JSON a form.
    return parse_form(body) if media == _FORM and not looks_json(body) else parse_json(body)


def looks_json(body: bytes) -> bool:
    """Tell whether *body* begins like an object or a list: a form would write %7B or %5B."""
    return body.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"["))


def pluck(payload: Any, path: str, kind: type[T]) -> T:
    """
    Return what stands at the dotted *path* of *payload*; an empty path is the payload itself.

    Raises:
        PayloadInvalid: Nothing stands there, or something that is not a *kind*.
    """
    value = payload
    for name in path.split(".") if path else ():
        if not isinstance(value, dict) or name not in value:
            raise PayloadInvalid(f"{path} is missing")
        value = value[name]
    # True is an int to Python, and to no sender.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise PayloadInvalid(f"{path or 'the body'} is not {_WORDS.get(kind, kind.__name__)}")
    return value


_WORDS: Final[Mapping[type, str]] = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "an integer",
    bool: "true or false",
}


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayloadInvalid(f"the body is not UTF-8 at byte {error.start}") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # 1e999
        raise ValueError(f"{text[:20]} is too large")
    return number


NUMBERS: Final[Mapping[str, Any]] = {"parse_constant": _no_number, "parse_float": _finite}


def too_deep(text: str) -> bool:
    """
    Tell whether JSON *text*, or a part of it, nests deeper than `MAX_DEPTH`.

    Asked before it is parsed, not told by the RecursionError: at the end of its stack Python runs
    finalizers of others too, and theirs would fail.
    """
    return text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH


def _depth(text: str) -> int:
    """Return how deep the brackets of JSON *text* nest; those in its strings are none."""
    depth = most = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        most = max(most, depth)
    return most

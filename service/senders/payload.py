"""Parses bodies. Whatever the bytes are, the only exception is PayloadInvalid."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from workers.errors import PayloadInvalid

MAX_DEPTH: Final = 100  # levels of lists and objects; later readers of the payload are recursive
MAX_FIELDS: Final = 10_000  # of a form
MAX_VALUES: Final = 100_000  # of a JSON text: values, lists and objects
VALUE_BYTES: Final = 10  # a longer text may have one value for each so many bytes

FORM: Final = "application/x-www-form-urlencoded"
_OPEN: Final = ord("[")
_OPENS: Final = bytes.maketrans(b"{", b"[")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_BLANK: Final = " \t\n\r"  # of JSON
_decode: Final = json.JSONDecoder().raw_decode  # json.loads takes nearly twice as long
SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_HALF: Final = re.compile("[\ud800-\udfff]")

T = TypeVar("T")


def parse_json(body: bytes) -> Any:
    """
    Return *body* as JSON. Of duplicate keys in one object the last counts.

    NaN and infinities are floats, and so are 1e999 and integers of thousands of digits: a problem
    only for fields that read them. Half a surrogate pair becomes U+FFFD.

    Raises:
        PayloadInvalid: It is not UTF-8, not JSON, nests too deeply, or has too many values.
    """
    text = decode(body)
    most = max(MAX_VALUES, len(text) // VALUE_BYTES)
    if has_more_values(text, most):
        raise PayloadInvalid(f"the body holds more than {most:,} values")
    if too_deep(text):
        raise PayloadInvalid(f"the body nests deeper than {MAX_DEPTH} levels")
    try:
        value = _loads(text)
    except json.JSONDecodeError as error:
        raise PayloadInvalid(f"the body is not JSON: {error}") from None
    return mended(value) if "\\u" in text and SURROGATE.search(text) else value


def parse_form(body: bytes) -> dict[str, str | list[str]]:
    """
    Return a form as text by name; a repeated name has a list. Raises PayloadInvalid if it is not
    UTF-8, before or after decoding, or has too many fields.
    """
    try:
        pairs = parse_qsl(
            decode(body),
            keep_blank_values=True,
            errors="surrogatepass",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as error:
        raise PayloadInvalid(f"the body is not a form: {error}") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(joined(name), []).append(joined(value))
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def parse_form_json(body: bytes, name: str) -> tuple[dict[str, str], Any]:
    """
    Return the fields of a form that occur once, and the JSON in its field *name*; raises
    PayloadInvalid if there is no such field, or it holds no JSON.
    """
    form = parse_form(body)
    fields = {key: value for key, value in form.items() if isinstance(value, str)}
    return fields, parse_json(pluck(form, name, str).encode())


def parse(headers: Mapping[str, str], body: bytes) -> Any:
    """Return a form or JSON, by the content type; raises PayloadInvalid."""
    media = media_type(headers.get("content-type", ""))
    # curl -d declares JSON as a form.
    if media != FORM or looks_json(body):
        return parse_json(body)
    if body.strip() and b"=" not in body:
        raise PayloadInvalid(
            "the body is neither JSON nor the form that its Content-Type says: no name=value in it"
        )
    return parse_form(body)


@lru_cache(64)  # a source sends nearly always the same
def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def looks_json(body: bytes) -> bool:
    """Tell whether *body* begins like an object or a list: a form would have %7B or %5B."""
    return body.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"["))


def pluck(payload: Any, path: str, kind: type[T]) -> T:
    """
    Return the value at the dotted *path* of *payload*; an empty path is the payload itself. Raises
    PayloadInvalid if it is missing, or not a *kind*.
    """
    value = payload
    for name in path.split(".") if path else ():
        if not isinstance(value, dict) or name not in value:
            raise PayloadInvalid(f"{path} is missing")
        value = value[name]
    # True is an int in Python, but not to senders.
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


def decode(body: bytes) -> str:
    """Return *body*, UTF-8, as text; half a surrogate pair as U+FFFD. Raises PayloadInvalid."""
    try:
        # Not utf-8-sig for all: it is written in Python.
        return body.decode("utf-8-sig" if body.startswith(codecs.BOM_UTF8) else "utf-8")
    except UnicodeDecodeError as error:
        place = error.start
    try:
        # CESU-8: characters beyond 16 bits as two surrogates of three bytes each.
        return joined(body.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        raise PayloadInvalid(f"the body is not UTF-8 at byte {place}") from None


def joined(text: str) -> str:
    """Return *text* with its surrogate pairs joined, and U+FFFD for half a pair."""
    if _HALF.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _loads(text: str) -> Any:
    stripped = text.strip(_BLANK)
    try:
        value, end = _decode(stripped)
        if end == len(stripped):
            return value
    except ValueError:
        pass  # json.loads says what is wrong, and where
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python reads
        return json.loads(text, parse_int=integer)


def integer(text: str) -> int | float:
    """Return the integer *text*; an infinity if it has more digits than Python reads."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def mended(value: Any) -> Any:
    """Return *value* with U+FFFD for each half of a surrogate pair: no store can hold one."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [mended(each) for each in value]
    if isinstance(value, dict):
        return {mended(key): mended(each) for key, each in value.items()}
    return value


def canonical_text(value: Any) -> str:
    """
    Return *value* as JSON, the same text for equal values; NaN and infinities are allowed.

    For payloads: a value for the CMS is ``workers.model.changes.canonical``.
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def has_more_values(text: str, most: int) -> bool:
    """
    Tell whether JSON *text* holds more than *most* values, counted by commas and brackets.

    Called before anything else reads it, even unproven: some proofs are in the body. It makes only
    whole passes in C, some milliseconds per megabyte.
    """
    if len(text) <= most or _marks(text) <= most:
        return False
    plain = _unescaped(text)
    # A value comes with at most two texts: its key and itself.
    return plain.count('"') > 4 * most + 2 or _marks(_outside(plain)) > most


def _marks(text: str) -> int:
    return max(
        text.count(",") + text.count("[") + text.count("{"), text.count("]"), text.count("}")
    )


def too_deep(text: str) -> bool:
    """
    Tell whether JSON *text*, or a part of it, nests deeper than `MAX_DEPTH`.

    Checked before parsing instead of catching RecursionError: at the end of its stack Python also
    runs finalizers of other objects, which would fail.
    """
    return text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(_outside(_unescaped(text)))


def _is_deep(text: str) -> bool:
    depth = 0
    for mark in text.encode("ascii", "ignore").translate(_OPENS, _NO_BRACKETS):
        depth += 1 if mark == _OPEN else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _unescaped(text: str) -> str:
    """Return JSON *text* without escaped quotation marks."""
    return text.replace("\\\\", "").replace('\\"', "")


def _outside(plain: str) -> str:
    """Return the parts of *plain* outside of strings; the last string may be cut off."""
    return "".join(plain.split('"')[::2])

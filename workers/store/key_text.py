"""
Tell whether a text contains a key: as it came, in normal form, or escaped.

Part of a longer key does not count: ``A1`` is in ``["A1"]`` and ``gid://shop/Product/A1``, but not
in ``A10`` or ``A1-B``. A key that could be any word or number (``red``, ``12``) counts only as a
whole value, under a name from which a mapping reads keys.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote_plus

from workers.store.compression import unpacked
from workers.webflow.item_keys import normal, parted

_DISTINCT: Final = 5  # characters from which on a key with a digit or symbol is no common word
_WORD: Final = 8  # the same, of letters alone
_KEYS: Final = frozenset({"record", "key", "shown", "object"})  # names in our own entries
_DEPTH: Final = 60


class KeyText:
    """
    Args:
        record: The key in normal form.
        parts: Number of parts of the key.
        names: Names under which mappings read it; empty: any.
        is_key: Tells whether a text is the key of another record, and therefore no mention of this.
        others: The other collections: their records may have the same key.
    """

    def __init__(
        self,
        collection: str,
        record: str,
        *,
        parts: int = 1,
        spellings: Iterable[str] = (),
        names: Iterable[str] = (),
        is_key: Callable[[str], bool] = lambda _: False,
        others: Iterable[str] = (),
    ) -> None:
        self.collection = collection
        self.record = record
        own = (record, *spellings)
        self._wholes = tuple({form for text in own for form in _forms(text)})
        self._parts = parted(record) if parts > 1 else (record,)
        self._split = [
            {form for text in _variants(part) for form in _forms(text)} for part in self._parts
        ]
        self._names = frozenset(name.lower() for name in names)
        self._is_key = is_key
        self._others = frozenset(others)
        self._distinct = [_is_distinct(part) for part in self._parts]
        self.distinct = _is_distinct(record)

    def may_hold(self, data: bytes) -> bool:
        """Quick check for the bytes of the key; often a false positive."""
        for form in self._wholes:
            if form in data:
                return True
        return len(self._parts) > 1 and all(
            any(form in data for form in forms) for forms in self._split
        )

    def is_it(self, text: str) -> bool:
        return text == self.record or (len(self._parts) == 1 and normal(text) == self.record)

    def in_body(self, body: bytes) -> bool:
        """Tell whether the *body* of a delivery, or any foreign text, contains the key."""
        if not self.may_hold(body):
            return False
        value = _json(body)
        if value is not None:
            found = list(_scalars(value, ""))
            return all(
                any(self._shows(n, name, each) for name, each in found)
                for n in range(len(self._parts))
            )
        text = body.decode("utf-8", "replace")
        texts = (text, body.decode("latin-1"), html.unescape(text), unquote_plus(text))
        return all(
            any(_has_token(part, each, anywhere=distinct) for each in texts)
            for part, distinct in zip(self._parts, self._distinct, strict=True)
        )

    def in_packed(self, data: bytes, words: bytes) -> bool:
        """Tell whether a kept delivery, or a dictionary, holds the key."""
        try:
            plain = unpacked(data, words)
        except ValueError:
            return False  # without its dictionary the text cannot be recovered
        if not self.may_hold(plain):
            return False
        head, _, body = plain.partition(b"\n")
        return any(self.in_body(each) for each in (head, body))

    def in_entry(self, text: str | bytes) -> bool:
        """Tell whether one of our entries, as JSON, is about the record or contains its key."""
        data = text.encode() if isinstance(text, str) else text
        if not self.may_hold(data):
            return False
        value = _json(data)
        if isinstance(value, dict):
            return self._tells(value, value.get("collection"), "")
        return self._tells(value, None, "") if value is not None else self.in_words(data.decode())

    def in_words(self, text: str) -> bool:
        """Tell whether a *text* of ours, such as a message, contains the key."""
        if len(self._parts) > 1:
            return _has_token(self.record, text, anywhere=True)
        return self.distinct and (self.is_it(text) or self._mentions(self.record, text))

    def _shows(self, place: int, name: str, value: str | int | float) -> bool:
        part, distinct = self._parts[place], self._distinct[place]
        named = name.lower() in self._names if self._names else not isinstance(value, int | float)
        if isinstance(value, int | float):
            same = str(value) == part
            return same and (named or distinct)
        if normal(value) == part:
            return distinct or named
        return distinct and self._mentions(part, value)

    def _mentions(self, part: str, text: str) -> bool:
        return _has_token(part, text, anywhere=True) and not self._is_key(normal(text))

    def _tells(self, value: Any, collection: Any, name: str) -> bool:
        match value:
            case str():
                return (self.is_it(value) and name in _KEYS) or self.in_words(value)
            case list():
                if value and isinstance(value[0], str) and value[0] in self._others:
                    value = value[2:]
                # The rest of a record's entry are its fields.
                inner = None if value and isinstance(value[0], str) else collection
                return self._is_about(value, collection) or any(
                    self._tells(each, inner, "") for each in value
                )
            case dict() if value.get("collection") not in self._others:
                return any(
                    self._tells(each, collection, key) or self.in_words(key)
                    for key, each in value.items()
                )
        return False

    def _is_about(self, entry: Sequence[Any], collection: Any) -> bool:
        """
        Tell whether a list begins with our collection and key or, inside our collection, with our
        key.
        """
        texts = [each for each in entry[:2] if isinstance(each, str)]
        if texts[:1] == [self.collection] and len(texts) == 2 and self.is_it(texts[1]):
            return True
        return collection == self.collection and bool(texts) and self.is_it(texts[0])


def _is_distinct(text: str) -> bool:
    return len(text) >= _WORD or (len(text) >= _DISTINCT and not text.isalpha())


def _variants(text: str) -> Iterator[str]:
    yield text
    yield unicodedata.normalize("NFD", text)
    yield unicodedata.normalize("NFC", text)


def _forms(text: str) -> Iterator[bytes]:
    """Yield the encodings in which *text* may occur."""
    for each in _variants(text):
        escaped = (json.dumps(each)[1:-1], json.dumps(each, ensure_ascii=False)[1:-1])
        upper = re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), escaped[0])
        webbed = (quote(each, safe=""), quote_plus(each), html.escape(each))
        for form in (each, *escaped, upper, *webbed):
            yield form.encode("utf-8", "surrogatepass")
            yield form.replace("/", "\\/").encode("utf-8", "surrogatepass")
        yield quote(each, safe="").lower().encode()
        yield each.encode("latin-1", "ignore") or each.encode("utf-8", "surrogatepass")


def _has_token(part: str, text: str, *, anywhere: bool) -> bool:
    """Tell whether *text* contains *part* as a whole word; without *anywhere*, equals it."""
    texts = {text, unicodedata.normalize("NFC", text)}
    if not anywhere:
        return any(normal(each) == part for each in texts)
    for each in texts:
        at = each.find(part)
        while at >= 0:
            before, after = each[at - 1 : at], each[at + len(part) : at + len(part) + 1]
            if not (_joins(before) or _joins(after)):
                return True
            at = each.find(part, at + 1)
    return False


def _joins(letter: str) -> bool:
    return (
        letter.isalnum() or letter in ("-", "_") or bool(letter and unicodedata.combining(letter))
    )


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _scalars(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, str | int | float]]:
    """Yield each scalar of *value* with its name, and the names themselves."""
    if isinstance(value, str | int | float):
        if not isinstance(value, bool):
            yield name, value
        value = _inner(value)
    if depth > _DEPTH or not value:
        return
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield "", key
            yield from _scalars(each, key, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _scalars(each, name, depth + 1)


def _inner(value: Any) -> Any:
    """Parse JSON inside a text, as in a forwarded message."""
    inside = isinstance(value, str) and value[:1] in ("{", "[")
    return _json(value.encode("utf-8", "replace")) if inside else None

"""Search all keys of the store, slice by slice, for a record's key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

import redis

from workers.store import keys
from workers.store.compression import unpacked
from workers.store.connection import guarded
from workers.store.key_places import Hit, Places
from workers.store.key_text import KeyText

SLICE: Final = 200  # keys, or members of one key, per read
ENTRIES: Final = 20  # of a stream or list per read; a delivery may be as large as max_body
_WORDS: Final = 64  # dictionaries cached
_OURS: Final = (keys.PREFIX.encode(), keys.RQ.encode())
_ITEM: Final = keys.every("item")[:-1].encode()


class Search:
    """
    Raises StoreUnavailable if the store does not answer.

    Args:
        client: One that does not decode responses.
    """

    def __init__(self, client: redis.Redis, text: KeyText) -> None:
        self._client: Any = client  # typed as if it decoded
        self._text = text
        self._places = Places(text)
        self._words = lru_cache(_WORDS)(self._read_words)

    def run(self, told: Callable[[int, int], object] = lambda *_: None) -> Iterator[Hit]:
        """Yield each place; *told* is called with the keys read so far and their total."""
        self._words.cache_clear()
        cursor, done = 0, 0
        with guarded():
            count = int(self._client.dbsize())
        while True:
            with guarded():
                cursor, found = self._client.scan(cursor, count=SLICE)
            yield from self._in_keys([k for k in found if k.startswith(_OURS)])
            done += len(found)
            told(min(done, count), count)
            if not cursor:
                return

    def _in_keys(self, names: list[bytes]) -> Iterator[Hit]:
        types = self._types(names)
        # Most keys are small hashes: their first pages are read in one round trip.
        hashes = [key for key, kind in zip(names, types, strict=True) if kind == "hash"]
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for key in hashes:
                pipeline.hscan(key, 0, count=SLICE)
            pages = dict(zip(hashes, pipeline.execute(), strict=True))
        for key, kind in zip(names, types, strict=True):
            name = key.decode("utf-8", "replace")
            family = keys.kind_of(name)
            if kind == "hash":
                yield from self._places.in_hash(family, name, self._fields(key, pages[key]))
            elif kind == "stream":
                yield from self._in_stream(family, name, key)
            else:
                yield from self._in_rest(family, name, key, kind)

    def _types(self, names: list[bytes]) -> list[str]:
        """Return the type of each key; items are known to be hashes."""
        asked = [key for key in names if not key.startswith(_ITEM)]
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for key in asked:
                pipeline.type(key)
            found = dict(zip(asked, pipeline.execute(), strict=True))
        return [found.get(key, b"hash").decode() for key in names]

    def _in_rest(self, family: str, name: str, key: bytes, kind: str) -> Iterator[Hit]:
        if kind == "string":
            yield from self._places.in_text(family, name, self._get(key))
        elif kind == "list":
            for each in self._list(key):
                if family == "life":
                    yield from self._places.in_life(name, each)
                else:
                    yield from self._places.in_text(family, name, each)
        elif kind in ("set", "zset"):
            for member in self._members(key, kind):
                yield from self._places.in_member(family, name, member)

    def _in_stream(self, family: str, name: str, key: bytes) -> Iterator[Hit]:
        source = keys.rest_of(name)
        for id, entry in self._entries(key):
            if family == "kept":
                words = self._words(source, entry[b"w"].decode()) or b""
                told = self._places.in_summary(entry.get(b"i", b""))
                if told or self._text.in_packed(entry[b"b"], words):
                    yield Hit("delivery", name, id)
            elif family == "kept-words":
                if self._text.in_packed(entry[b"b"], b""):
                    yield Hit("words", name, id)
            else:
                yield from self._places.in_entry(family, name, id, entry)

    def _fields(self, key: bytes, page: Any) -> Iterator[tuple[bytes, bytes]]:
        while True:
            cursor, found = page
            yield from found.items()
            if not int(cursor):
                return
            with guarded():
                page = self._client.hscan(key, int(cursor), count=SLICE)

    def _members(self, key: bytes, kind: str) -> Iterator[str]:
        scan = self._client.sscan_iter if kind == "set" else self._client.zscan_iter
        with guarded():
            for found in scan(key, count=SLICE):
                yield (found[0] if kind == "zset" else found).decode("utf-8", "replace")

    def _entries(self, key: bytes) -> Iterator[tuple[str, dict[bytes, bytes]]]:
        start = "-"
        while True:
            with guarded():
                page = self._client.xrange(key, start, "+", count=ENTRIES)
            yield from ((id.decode(), entry) for id, entry in page)
            if len(page) < ENTRIES:
                return
            start = f"({page[-1][0].decode()}"

    def _list(self, key: bytes) -> Iterator[bytes]:
        start = 0
        while True:
            with guarded():
                page = self._client.lrange(key, start, start + ENTRIES - 1)
            yield from page
            if len(page) < ENTRIES:
                return
            start += ENTRIES

    def _get(self, key: bytes) -> bytes:
        with guarded():
            return self._client.get(key) or b""

    def _read_words(self, source: str, name: str) -> bytes | None:
        with guarded():
            found = self._client.xrange(keys.kept(source, "words"), name, name)
        return unpacked(found[0][1][b"b"], b"") if found else None

"""
The stored form of a delivery: headers and body, compressed with a shared dictionary.

Small bodies hardly compress alone. So the first delivery of a topic in an hour, per process, is
stored whole as the dictionary (*words*), and the others of that hour refer to it (zlib's preset
dictionary, RFC 1950 section 2.2).
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from workers.config.settings import Source
from workers.model.changes import Delivery
from workers.model.values import value_class

WORDS: Final = 8_192  # bytes of a dictionary: the whole window
HOUR: Final = 3600.0  # s that a dictionary is used; delivery_log.lua keeps it longer
TOPICS: Final = 16  # per source with a dictionary of their own
_LEVEL: Final = 6
# Smaller than zlib's default: allocated per delivery, and 256 KiB take 80 µs to clear.
_WINDOW: Final = -13  # raw deflate: the store names the dictionary and checks its data
_MEMORY: Final = 5
_HEAD: Final = b"\n"  # ends the headers: JSON without a line break


@value_class
class Packed:
    data: bytes  # compressed delivery
    words: str | None  # name of its dictionary; None: *fresh*
    fresh: bytes  # new dictionary, compressed; b"": none
    place: tuple[str, str]  # source and topic of the dictionary
    plain: bytes  # the dictionary, uncompressed


@dataclass(frozen=True, slots=True)
class _Words:
    name: str
    plain: bytes
    until: float


class Packer:
    """Compresses deliveries; safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Its entries are put, looked up and dropped whole: no lock is needed.
        self._words: dict[tuple[str, str], _Words] = {}

    def pack(self, delivery: Delivery) -> Packed:
        plain = plain_of(delivery)
        place = self._place(delivery)
        known = self._words.get(place)
        if known and self._clock() < known.until:
            return Packed(_deflated(plain, known.plain), known.name, b"", place, known.plain)
        words = plain[:WORDS]
        return Packed(_deflated(plain, words), None, _deflated(words, b""), place, words)

    def learn(self, packed: Packed, name: str) -> None:
        """Use the dictionary of *packed*, stored as *name*, from now on; "": it is gone."""
        if not name:
            self._words.pop(packed.place, None)
            return
        self._words[packed.place] = _Words(name, packed.plain, self._clock() + HOUR)

    def _place(self, delivery: Delivery) -> tuple[str, str]:
        topic = delivery.events[0].topic if delivery.events else None
        place = (delivery.source, (topic or "")[:200])
        if place in self._words:
            return place
        # Topics are the sender's: their number is unlimited.
        known = sum(1 for source, _ in self._words.copy() if source == delivery.source)
        return place if known < TOPICS else (delivery.source, "")


def keeps(source: Source, delivery: Delivery) -> bool:
    """Tell whether to keep *delivery*: it is verified or fetched, and *source* keeps deliveries."""
    empty = delivery.landing is not None and not delivery.events
    return source.keep_hours > 0 and delivery.mode in ("live", "fetched") and not empty


def room_of(source: Source) -> dict[str, int]:
    """Return how long (ms) and in how many bytes deliveries of *source* are kept."""
    return {"ms": int(source.keep_hours * 3_600_000), "most": source.keep_mb * 1024 * 1024}


def plain_of(delivery: Delivery) -> bytes:
    """Return the bytes to store; for a fetch, the payloads as one list."""
    body = delivery.body
    if delivery.landing:
        body = f"[{','.join(event.body or 'null' for event in delivery.events)}]".encode()
    return _head(dict(delivery.headers)) + _HEAD + body


def _head(headers: dict[str, str]) -> bytes:
    try:
        return orjson.dumps(headers)
    except TypeError:  # half a surrogate pair, in the version of a fetched record
        return json.dumps(headers).encode()


def unpacked(data: bytes, words: bytes) -> bytes:
    """
    Decompress *data* with the dictionary *words*.

    Raises:
        ValueError: The dictionary is another one, or the data is damaged.
    """
    try:
        inflate = zlib.decompressobj(_WINDOW, zdict=words)
        return inflate.decompress(data) + inflate.flush()
    except zlib.error as error:
        raise ValueError(str(error)) from None


def parted(plain: bytes) -> tuple[Mapping[str, str], bytes]:
    """
    Return the headers and the body of a stored delivery.

    Raises:
        ValueError: *plain* is no delivery.
    """
    head, _, body = plain.partition(_HEAD)
    headers: dict[str, str] = json.loads(head)
    return headers, body


def _deflated(plain: bytes, words: bytes) -> bytes:
    pack = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=words)
    return pack.compress(plain) + pack.flush()

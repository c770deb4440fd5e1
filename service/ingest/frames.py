"""
The format of a spool file: a head, then one frame for each delivery. Pure.

======  =====================================================================================
head    ``INSTEPS1``, a mark of 8 random bytes, their checksum; then a summary and its checksum
frame   the mark, the number of the delivery, its length, two checksums; then its bytes
======  =====================================================================================

A frame counts only with the mark of its file and both checksums: no content of a delivery can look
like one, and reading goes on at the next whole frame after damage. The summary serves readers that
only count. It is not synced; the frames are authoritative.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

HEAD: Final = 64  # bytes
SUMMARY: Final = 32  # its offset in the head
MARK: Final = 8  # bytes
FRAME: Final = 28  # bytes before the delivery itself

_MAGIC: Final = b"INSTEPS1"
_NAME: Final = struct.Struct("<8s8sI")
_SUMMARY: Final = struct.Struct("<QQQ")
_FRAME: Final = struct.Struct("<8sQII")
_CHECK: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Summary:
    """
    Counts of a file.

    Args:
        drained: All frames up to this number are drained.
        deliveries: Number of those still to drain.
        bytes: Their size.
    """

    drained: int = 0
    deliveries: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole delivery: its number, and the range of its bytes."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """A range without a whole frame, followed by one."""

    start: int
    end: int


def head_of(mark: bytes) -> bytes:
    name = _NAME.pack(_MAGIC, mark, zlib.crc32(_MAGIC + mark))
    return name.ljust(SUMMARY, b"\0") + summary_bytes(Summary()).ljust(HEAD - SUMMARY, b"\0")


def summary_bytes(summary: Summary) -> bytes:
    """Return *summary* in the form of the head, for the offset `SUMMARY`."""
    text = _SUMMARY.pack(summary.drained, summary.deliveries, summary.bytes)
    return text + _CHECK.pack(zlib.crc32(text))


def summary_of(head: bytes) -> Summary | None:
    """Return the summary in *head*; None: a write was torn."""
    text = head[SUMMARY : SUMMARY + _SUMMARY.size]
    check = head[SUMMARY + _SUMMARY.size : SUMMARY + _SUMMARY.size + _CHECK.size]
    if len(check) < _CHECK.size or check != _CHECK.pack(zlib.crc32(text)):
        return None
    return Summary(*_SUMMARY.unpack(text))


def mark_of(text: bytes) -> bytes | None:
    """Return the mark of the file *text*; if its head is damaged, that of its first frame."""
    if len(text) >= _NAME.size:
        magic, mark, check = _NAME.unpack_from(text)
        if magic == _MAGIC and check == zlib.crc32(_MAGIC + mark):
            return bytes(mark)
    first = text[HEAD : HEAD + MARK]
    return first if _head_at(text, HEAD, first) else None


def frame_of(mark: bytes, number: int, data: bytes) -> bytes:
    head = _FRAME.pack(mark, number, len(data), zlib.crc32(data))
    return head + _CHECK.pack(zlib.crc32(head)) + data


def data_at(text: bytes, frame: Frame) -> bytes:
    """Return the delivery in *frame*; *text* is the whole file."""
    return text[frame.start + FRAME : frame.end]


def scan(text: bytes, mark: bytes) -> Iterator[Frame | Damage]:
    """
    Yield the frames and the damage in *text*, the whole file.

    Bytes after the last whole frame are left out: they are a torn write that was never
    acknowledged.
    """
    place = whole = HEAD
    while (place := text.find(mark, place)) >= 0:
        frame = _frame_at(text, place, mark)
        if frame is None:
            place += 1
            continue
        if place > whole:
            yield Damage(whole, place)
        yield frame
        place = whole = frame.end


def _head_at(text: bytes, place: int, mark: bytes) -> tuple[int, int, int] | None:
    """Return number, length and checksum of the frame at *place*; None: none begins there."""
    head, check = text[place : place + _FRAME.size], text[place + _FRAME.size : place + FRAME]
    if len(check) < _CHECK.size or check != _CHECK.pack(zlib.crc32(head)):
        return None
    found, number, length, data_check = _FRAME.unpack(head)
    return (number, length, data_check) if found == mark else None


def _frame_at(text: bytes, place: int, mark: bytes) -> Frame | None:
    found = _head_at(text, place, mark)
    if found is None:
        return None
    number, length, check = found
    end = place + FRAME + length
    if end > len(text) or zlib.crc32(text[place + FRAME : end]) != check:
        return None
    return Frame(number, place, end)

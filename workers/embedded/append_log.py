"""
Where an append-only file is whole, and what follows after that. Pure: it is handed the bytes.

A file holds commands as clients send them (RESP arrays of bulk strings); what one script or one
transaction wrote stands between MULTI and EXEC, and counts as a whole or not at all.

https://valkey.io/topics/persistence/ and https://valkey.io/topics/protocol/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from mmap import mmap
from typing import Literal

_LONGEST_LINE = 32  # bytes of a number, or of a name, and to spare
_LONGEST_NOTE = 128  # bytes of a note of the time
_MOST_WORDS = 1024 * 1024  # of one command
_LARGEST_WORD = 512 * 1024 * 1024  # bytes, as the server's proto-max-bulk-len
_MANY = 16  # commands in a row that nobody's value holds
_BEGIN = re.compile(rb"\*[1-9]\d{0,6}\r\n\$\d{1,9}\r\n")
_ARRAY = re.compile(rb"\*([1-9]\d{0,5})\r\n")
_WORD = re.compile(rb"\$(\d{1,8})\r\n")
_NAME = re.compile(rb"[A-Za-z]{2,20}")


Bytes = bytes | mmap


@dataclass(frozen=True, slots=True)
class Scan:
    """
    Args:
        whole: Bytes up to the end of the last whole command or transaction.
        damage: Where what cannot be read begins; None: nowhere. Between the two stand the
            commands of a transaction that has no end.
        kind: "cut": the file ends in the middle of a command or transaction; "foreign": there is
            something that is no command.
        followed: Whole commands stand behind the damage.
    """

    whole: int
    damage: int | None = None
    kind: Literal["", "cut", "foreign"] = ""
    followed: bool = False


class _Cut(Exception):
    """The bytes end before the command does."""


class _Foreign(Exception):
    """What stands here is no command."""


def scan(log: Bytes) -> Scan:
    """Return up to where *log* is whole; it is read from its beginning."""
    at = whole = 0
    open_since = None  # the MULTI of a transaction whose EXEC was not met yet
    while at < len(log):
        try:
            name, end = _plain(log, at) or _command(log, at)
        except _Cut:
            return Scan(whole, at, "cut", _goes_on(log, at + 1, to_end=True))
        except _Foreign:
            return Scan(whole, at, "foreign", _goes_on(log, at + 1, to_end=False))
        if name == b"MULTI":
            open_since = at
        elif name == b"EXEC":
            open_since = None
        at = end
        if open_since is None:
            whole = at
    if open_since is not None:
        return Scan(whole, at, "cut")
    return Scan(whole)


def _goes_on(log: Bytes, start: int, *, to_end: bool) -> bool:
    """
    Return whether whole commands stand behind *start*.

    Args:
        to_end: They count only where they reach the end, or are many. A value that is cut off may
            hold anything, even something that looks like a command.
    """
    at = start
    while (at := log.find(b"*", at)) >= 0:
        if _BEGIN.match(log[at : at + 2 * _LONGEST_LINE]) and _reads(log, at, to_end):
            return True
        at += 1
    return False


def _reads(log: Bytes, at: int, to_end: bool) -> bool:
    found = 0
    try:
        while at < len(log) and found < (_MANY if to_end else 1):
            name, at = _command(log, at)
            found += bool(name)
    except (_Cut, _Foreign):
        return False
    return found > 0


def _plain(log: Bytes, at: int) -> tuple[bytes, int] | None:
    """Return what `_command` does, three times as fast; None: it is to tell what is wrong."""
    count = _ARRAY.match(log, at)
    if not count:
        return None
    at, name = count.end(), b""
    for _ in range(int(count[1])):
        size = _WORD.match(log, at)
        if not size:
            return None
        at = size.end() + int(size[1])
        name = name or log[size.end() : min(at, size.end() + _LONGEST_LINE)]
        if log[at : at + 2] != b"\r\n":
            return None
        at += 2
    return (name.upper(), at) if _NAME.fullmatch(name) else None


def _command(log: Bytes, at: int) -> tuple[bytes, int]:
    """
    Return the name of the command at *at* in capitals, and where it ends.

    Raises:
        _Cut: *log* ends before it does.
        _Foreign: There is none.
    """
    if log[at : at + 1] == b"#":
        return b"", _end_of_note(log, at)
    count, at = _number(log, at, b"*", _MOST_WORDS)
    if not count:
        raise _Foreign
    name = b""
    for index in range(count):
        size, at = _number(log, at, b"$", _LARGEST_WORD)
        end = at + size
        if log[end : end + 2] != b"\r\n":
            # Zeros behind a part of it are no cut: the file goes on where the word ends.
            raise _Foreign if len(log) >= end + 2 else _Cut
        if index == 0:
            name = log[at : min(end, at + _LONGEST_LINE)].upper()
            if not _NAME.fullmatch(name):
                raise _Foreign
        at = end + 2
    return name, at


def _end_of_note(log: Bytes, at: int) -> int:
    """Return where a note of the time ends; the server passes over any such line."""
    end = log.find(b"\n", at, at + _LONGEST_NOTE)
    if end < 0:
        raise _Cut if len(log) - at < _LONGEST_NOTE else _Foreign
    return end + 1


def _number(log: Bytes, at: int, sign: bytes, most: int) -> tuple[int, int]:
    """Return the number, up to *most*, of a line that begins with *sign*, and where it ends."""
    line = log[at : at + _LONGEST_LINE]
    text, ended, _ = line.partition(b"\r\n")
    if not ended and at + _LONGEST_LINE > len(log):
        digits = text[1:].rstrip(b"\r")
        if text[:1] in (b"", sign) and (not digits or digits.isdigit()):
            raise _Cut
    if not ended or text[:1] != sign or not text[1:].isdigit() or int(text[1:]) > most:
        raise _Foreign
    return int(text[1:]), at + len(text) + 2

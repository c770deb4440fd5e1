"""
Find where an append-only file is intact, and what follows.

A file holds commands as clients send them (RESP arrays of bulk strings); a script or transaction
that wrote several stands between MULTI and EXEC and counts only as a whole.

https://valkey.io/topics/persistence/ and https://valkey.io/topics/protocol/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from mmap import mmap
from typing import Literal

_LONGEST_LINE = 32  # bytes of a number or a name, with a margin
_LONGEST_NOTE = 128  # bytes of a timestamp annotation
_MOST_WORDS = 1024 * 1024  # in one command
_LARGEST_WORD = 512 * 1024 * 1024  # bytes: the server's proto-max-bulk-len
_MANY = 16  # consecutive commands: too many to be part of a value
_BEGIN = re.compile(rb"\*[1-9]\d{0,6}\r\n\$\d{1,9}\r\n")
_ARRAY = re.compile(rb"\*([1-9]\d{0,5})\r\n")
_WORD = re.compile(rb"\$(\d{1,8})\r\n")
_NAME = re.compile(rb"[A-Za-z]{2,20}")


Bytes = bytes | mmap


@dataclass(frozen=True, slots=True)
class Scan:
    whole: int  # bytes up to the end of the last complete command or transaction
    # Offset of the first unreadable byte; after *whole* there may be an unfinished transaction.
    damage: int | None = None
    # "cut": ends inside a command or transaction; "foreign": no command
    kind: Literal["", "cut", "foreign"] = ""
    followed: bool = False  # complete commands follow the damage


class _Cut(Exception):
    """The file ends before the command does."""


class _Foreign(Exception):
    """These bytes are no command."""


def scan(log: Bytes) -> Scan:
    """Find how far *log*, a whole file, is intact."""
    at = whole = 0
    open_since = None  # offset of a MULTI without its EXEC so far
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
    Tell whether complete commands follow *start*.

    *to_end*: only if they reach the end or are many, since a truncated value may hold anything,
    even something that looks like a command.
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
    """Like `_command`, three times as fast; None: call `_command` to find out what is wrong."""
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
    Return name (in capitals) and end of the command at *at*.

    Raises _Cut if *log* ends inside it, _Foreign if there is none.
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
            # Bytes follow the word: the file was not cut here but, for instance, filled with zeros.
            raise _Foreign if len(log) >= end + 2 else _Cut
        if index == 0:
            name = log[at : min(end, at + _LONGEST_LINE)].upper()
            if not _NAME.fullmatch(name):
                raise _Foreign
        at = end + 2
    return name, at


def _end_of_note(log: Bytes, at: int) -> int:
    """Return the end of a timestamp annotation; the server skips any such line."""
    end = log.find(b"\n", at, at + _LONGEST_NOTE)
    if end < 0:
        raise _Cut if len(log) - at < _LONGEST_NOTE else _Foreign
    return end + 1


def _number(log: Bytes, at: int, sign: bytes, most: int) -> tuple[int, int]:
    """
    Return the number in a line that begins with *sign*, at most *most*, and the end of the line.
    """
    line = log[at : at + _LONGEST_LINE]
    text, ended, _ = line.partition(b"\r\n")
    if not ended and at + _LONGEST_LINE > len(log):
        digits = text[1:].rstrip(b"\r")
        if text[:1] in (b"", sign) and (not digits or digits.isdigit()):
            raise _Cut
    if not ended or text[:1] != sign or not text[1:].isdigit() or int(text[1:]) > most:
        raise _Foreign
    return int(text[1:]), at + len(text) + 2

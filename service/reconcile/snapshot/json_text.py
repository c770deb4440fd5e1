"""
Parses JSON text in parts: one value at a time, by the same rules as a webhook's payload.

Own code, because a streaming library (ijson) treats numbers, depth and broken Unicode differently,
and a record must mean the same in a snapshot as in a webhook.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from service.reconcile.snapshot.files import BUFFER, ENCODE, LONGEST, SnapshotFile, chunks
from service.senders.payload import MAX_DEPTH, SURROGATE, integer, mended, too_deep
from workers.errors import SnapshotInvalid

_SPACE = re.compile(r"[ \t\n\r]*")
_UNDECIDED: Final = 12  # characters before the end: a cut-off -Infinity, true or \\ud83d
_ESCAPE: Final = re.compile(r"\\?u?[0-9a-fA-F]{0,4}")  # cut off
_WORDS: Final = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


class JsonText:
    """The text of *file*, with only one value and its surroundings in memory."""

    def __init__(self, file: SnapshotFile) -> None:
        self.name = file.name
        self._chunks: Iterator[bytes] = chunks(file, BUFFER)
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._raw = json.JSONDecoder(parse_int=integer).raw_decode
        self._text = ""
        self._at = 0
        self._lines = 1  # the line of the first character in memory
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is not white space, "" at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> str:
        """Return the next character, which must be one of *expected*."""
        found = self.peek()
        if not found:
            raise self.cut_off()
        if found not in expected:
            raise self.invalid(f"{found!r}", " or ".join(repr(each) for each in expected))
        self._at += 1
        return found

    def value(self) -> Any:
        """
        Return the next value; raises SnapshotInvalid if it is no JSON, cut off, too deep, or longer
        than a record may be.
        """
        self.peek()
        while True:
            try:
                value, end = self._raw(self._text, self._at)
            except json.JSONDecodeError as error:
                self._go_on(error)
            else:
                # More digits of a number may follow.
                if end < len(self._text) or not self._more():
                    whole = SURROGATE.search(self._text, self._at, end) is None
                    self._at = end
                    return value if whole else mended(value)

    def invalid(
        self, found: str, expected: str, do: str = "export the file again"
    ) -> SnapshotInvalid:
        line = self._lines + self._text.count("\n", 0, self._at)
        return SnapshotInvalid(f"{self.name}: line {line}", found, expected, do)

    def cut_off(self) -> SnapshotInvalid:
        return self.invalid("the end of the file", "the end of the JSON")

    def _go_on(self, error: json.JSONDecodeError) -> None:
        """Read more if *error* may only mean that the value is incomplete so far."""
        undecided = error.msg.startswith("Unterminated string")
        if not undecided and error.pos < len(self._text) - _UNDECIDED:
            self._at = error.pos
            raise self.invalid(f"invalid JSON ({error.msg})", "JSON") from None
        if len(self._text) - self._at > LONGEST:
            raise self.invalid(f"more than {LONGEST} characters", "a shorter record") from None
        after = error.pos - self._at  # reading more moves the text
        if not self._more():
            raise self._ending(error.msg, after) from None

    def _ending(self, message: str, after: int) -> SnapshotInvalid:
        """
        Return the error at the end of the file: it is cut off, or malformed.

        Args:
            message: Of the decoder.
            after: Characters from here to the point of failure.
        """
        rest = self._text[self._at + after :].strip()
        escape = message.startswith("Invalid \\") and _ESCAPE.fullmatch(rest)
        if message.startswith(("Unterminated string", "Invalid control character")):
            self._at += after
            found = "text without its closing quote: the quote is missing, or the file is cut off"
            return self.invalid(found, "a closing quote")
        if escape or any(word.startswith(rest) for word in _WORDS):
            return self.cut_off()
        self._at += after
        return self.invalid(f"invalid JSON ({message})", "JSON")

    def _more(self) -> bool:
        """Read as much again as is buffered; False: there is no more."""
        waiting = self._text[self._at :]
        self._lines += self._text.count("\n", 0, self._at)
        self._text, self._at = waiting, 0
        parts = [waiting]
        length = 0
        while not self._ended and length < max(len(waiting), 1):
            parts.append(self._part())
            length += len(parts[-1])
        self._text = "".join(parts)
        if too_deep(self._text):
            raise self.invalid(f"JSON nested deeper than {MAX_DEPTH} levels", "fewer levels")
        return length > 0

    def _part(self) -> str:
        chunk = next(self._chunks, None)
        self._ended = chunk is None
        try:
            return self._decode(chunk or b"", final=self._ended)
        except UnicodeDecodeError as error:
            found = f"byte 0x{error.object[error.start]:02x} in what follows, which is not UTF-8"
            where = self.invalid(found, "UTF-8").problem.where
            raise SnapshotInvalid(where, found, "UTF-8", ENCODE) from None

"""
The bytes of a snapshot: a file or standard input, gzipped or not, counted as they are read. A
snapshot that ends too early, or changes while it is read, is refused.
"""

from __future__ import annotations

import codecs
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, Final, cast

from workers.errors import SnapshotInvalid

LONGEST: Final = 16 * 2**20  # bytes of one line, or of one record of a list
BUFFER: Final = 2**16
ENCODE: Final = "save or export it as UTF-8, or name its encoding, as in --encoding windows-1252"
_GZIP: Final = b"\x1f\x8b"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class SnapshotFile:
    """
    A file, or standard input.

    Args:
        path: As the user wrote it; None: *stream* is read.
        stream: Standard input.
        encoding: A name that Python knows; None: UTF-8, or UTF-16 with a byte order mark.

    Raises:
        SnapshotInvalid: There is no such file.
    """

    def __init__(
        self, path: str | None, stream: BinaryIO | None = None, encoding: str | None = None
    ) -> None:
        self.name = path or "standard input"
        self.read = 0
        self._path = Path(path) if path else None
        self._stream = stream
        self._encoding = encoding
        with _translated(self.name):
            self._begun = self._state()

    @property
    def size(self) -> int | None:
        return self._begun[0] if self._begun else None

    @property
    def modified(self) -> float | None:
        """Unix time of the last change of the file, s."""
        return self._begun[1] / 1e9 if self._begun and self._path else None

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open it for one reading: unpacked, and converted to UTF-8."""
        raw = self._path.open("rb", buffering=0) if self._path else self._stream
        buffered = io.BufferedReader(_Counted(cast(BinaryIO, raw), self), BUFFER)
        try:
            packed = buffered.peek(2)[:2] == _GZIP
            plain: Any = buffered
            if packed:
                plain = io.BufferedReader(cast(Any, gzip.GzipFile(fileobj=buffered)))
            encoding = self._encoding or ("utf-16" if plain.peek(2)[:2] in _UTF_16 else None)
            yield io.BufferedReader(_Recoded(plain, encoding)) if encoding else plain
        finally:
            buffered.detach()
            if self._path:
                cast(BinaryIO, raw).close()

    def ended(self) -> None:
        """Check at the end that it did not change meanwhile; raises SnapshotInvalid."""
        with _translated(self.name):
            now = self._state() if self._path else self._begun
        if now != self._begun:
            raise SnapshotInvalid(
                self.name,
                "a file that changed while it was read",
                "a finished file",
                "write it under another name, and rename it when it is complete",
            )

    def _state(self) -> tuple[int, int] | None:
        if self._path is None and (self._stream is None or not hasattr(self._stream, "fileno")):
            return None
        try:
            found = (
                os.stat(self._path) if self._path else os.fstat(cast(Any, self._stream).fileno())
            )
        except io.UnsupportedOperation:  # a stream in memory
            return None
        return (found.st_size, found.st_mtime_ns) if S_ISREG(found.st_mode) else None


def chunks(file: SnapshotFile, size: int) -> Iterator[bytes]:
    """
    Yield the bytes of *file*, at most *size* at once; raises SnapshotInvalid if it cannot be read
    to its end.
    """
    with _translated(file.name), file.opened() as stream:
        while chunk := stream.read(size):
            yield chunk
    file.ended()


def lines(file: SnapshotFile) -> Iterator[tuple[int, str]]:
    """
    Yield the lines of *file* with their line breaks, numbered from 1; raises SnapshotInvalid if it
    cannot be read to its end, or is not UTF-8.
    """
    with _translated(file.name), file.opened() as stream:
        number = 0
        while line := stream.readline(LONGEST + 1):
            number += 1
            where = f"{file.name}: line {number}"
            if len(line) > LONGEST:
                found, expected = f"more than {LONGEST} bytes", "lines of records"
                raise SnapshotInvalid(where, found, expected, "name another format with --format")
            yield number, decoded(line, where, first=number == 1)
    file.ended()


def decoded(data: bytes, where: str, *, first: bool) -> str:
    """
    Return *data* as text; the *first* may begin with a byte order mark. Raises SnapshotInvalid if
    it is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x}, which is not UTF-8"
        raise SnapshotInvalid(where, found, "UTF-8", ENCODE) from None


class _Counted(io.RawIOBase):
    def __init__(self, stream: BinaryIO, file: SnapshotFile) -> None:
        self._stream = stream
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = getattr(self._stream, "readinto1", None) or cast(Any, self._stream).readinto
        count = int(read(buffer) or 0)
        self._file.read += count
        return count


class _Recoded(io.RawIOBase):
    """Converts *stream* from *encoding* to UTF-8."""

    def __init__(self, stream: Any, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._waiting:
            chunk = self._stream.read1(BUFFER)
            self._waiting = self._decoder.decode(chunk, final=not chunk).encode()
            if not chunk:
                break
        count = min(len(buffer), len(self._waiting))
        buffer[:count], self._waiting = self._waiting[:count], self._waiting[count:]
        return count


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        found = f"damaged gzip data ({error})"
        raise SnapshotInvalid(name, found, "a complete file", "export or copy it again") from None
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x}, which is not {error.encoding}"
        raise SnapshotInvalid(name, found, error.encoding, "name another --encoding") from None
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise SnapshotInvalid(name, found, "a readable file", "correct it") from None

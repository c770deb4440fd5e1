"""Snapshots written for a test, and what is read of them."""

import io
import os
from datetime import UTC, datetime

from service.reconcile.snapshot.file_records import STDIN, from_file
from service.reconcile.snapshot.records import Shape

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)


def source(content, form, name=STDIN, **shape):
    """Return the records of *content*, text or bytes, on standard input."""
    data = content if isinstance(content, bytes) else content.encode()
    return from_file(name, now=NOW, form=form, shape=Shape(**shape), stdin=io.BytesIO(data))


def read(content, form, **shape):
    """Return the payloads of *content*."""
    return [payload for _, payload in source(content, form, **shape)]


def numbers(content, form):
    return [number for number, _ in source(content, form)]


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at once, as a pipe does."""

    def __init__(self, data, step=3):
        self._data = data
        self._step = step

    def readable(self):
        return True

    def readinto(self, buffer):
        part, self._data = self._data[: self._step], self._data[self._step :]
        buffer[: len(part)] = part
        return len(part)


def dated(path, content, when):
    """Write *content* to *path*, last changed at *when*."""
    path.write_bytes(content)
    os.utime(path, (when.timestamp(), when.timestamp()))
    return path

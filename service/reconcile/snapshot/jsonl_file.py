"""JSON lines: one object a line. https://jsonlines.org (read 2025-11-23)"""

from __future__ import annotations

from collections.abc import Iterator

from service.mapping.display import found, plain
from service.reconcile.snapshot.columns import under
from service.reconcile.snapshot.files import SnapshotFile, lines
from service.reconcile.snapshot.records import Record, Shape
from service.senders.payload import parse_json
from workers.errors import PayloadInvalid, SnapshotInvalid


def records(file: SnapshotFile, shape: Shape) -> Iterator[Record]:
    """
    Yield the records of *file* with their lines; empty lines are skipped. Raises SnapshotInvalid if
    a line is no JSON object.
    """
    for number, text in lines(file):
        if not text.strip():
            continue
        where = f"{file.name}: line {number}"
        try:
            record = parse_json(text.encode())
        except PayloadInvalid as error:
            reason = plain(str(error).replace("the body", "what"))
            do = "export the file again, or name another format with --format"
            raise SnapshotInvalid(where, reason, "an object as JSON", do) from None
        if not isinstance(record, dict):
            do = "write one object on each line, or name another format with --format"
            raise SnapshotInvalid(where, found(record), "an object", do)
        yield number, under(shape.under, record)

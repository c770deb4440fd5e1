"""The options of ``instep reconcile``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReconcileOptions:
    collection: str
    file: str | None = None
    sql: tuple[str, str] | None = None
    form: str | None = None
    under: str | None = None
    list_: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    source: str | None = None
    topic: str | None = None
    as_of: datetime | None = None
    partial: bool = False
    check: bool = False
    dry_run: bool = False
    retire_up_to: int | None = None
    create_up_to: int | None = None
    overwrite_up_to: int | None = None
    no_wait: bool = False
    scheduled: bool = False
    pull: bool = False  # the source is a pull: it keeps the record of its last run itself

    @property
    def writes(self) -> bool:
        return not (self.check or self.dry_run)

"""
Readiness: the answer of ``/readyz``.

The page is public: it shows no keys, payloads, addresses or text from other systems.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from service.ingest.spool import State
from service.operate.reasons import Seen, Status, overall, reasons_of, shortened
from workers.errors import StoreUnavailable

KEPT: Final = 0.5  # s that what was seen is shown


def http_status(status: Status, *, strict: bool = False) -> HTTPStatus:
    """Return the status code for ``/readyz``; with *strict* "degraded" fails too."""
    bad = status == "down" or (strict and status == "degraded")
    return HTTPStatus.SERVICE_UNAVAILABLE if bad else HTTPStatus.OK


class Readiness:
    """
    Inspects the system, and remembers when each reason began.

    Args:
        check_store: Returns the durability of the store, without secrets; raises StoreUnavailable,
            or StoreUnsafe if it is less than instep.toml asks for.
        workers_alive: Returns the number of live workers; raises StoreUnavailable.
        status: Returns the numbers of ``instep status --json``; raises StoreUnavailable.
        clock: Returns the current time, aware.
        hung: Returns the roles of hanging processes; raises StoreUnavailable.
        spool: None: this process has no spool.
    """

    def __init__(
        self,
        check_store: Callable[[], Mapping[str, object]],
        workers_alive: Callable[[], int],
        status: Callable[[], Mapping[str, Any]],
        clock: Callable[[], datetime],
        hung: Callable[[], Sequence[str]] = lambda: (),
        spool: Callable[[], State] | None = None,
    ) -> None:
        self._check_store = check_store
        self._workers_alive = workers_alive
        self._status = status
        self._clock = clock
        self._hung = hung
        self._spool = spool
        self._since: Mapping[str, str] = {}
        self._seen: tuple[datetime, Seen] | None = None

    def page(self, *, strict: bool = False) -> tuple[dict[str, Any], HTTPStatus]:
        """Return the body and status of ``/readyz``; "ready" means that deliveries are kept."""
        at = self._clock()
        seen = self._recent(at)
        reasons = shortened(reasons_of(seen))
        now = at.astimezone(UTC).isoformat(timespec="seconds")
        # Replaced as a whole, so that threads need no lock.
        self._since = since = {
            reason.name: reason.since or self._since.get(reason.name, now) for reason in reasons
        }
        status = overall(reasons)
        page = {
            "ready": status != "down",
            "status": status,
            "reasons": [reason.public() | {"since": since[reason.name]} for reason in reasons],
            "store": seen.store,
            "workers": seen.workers or 0,
            "spool": seen.spool
            and {"deliveries": seen.spool.deliveries, "takes": seen.spool.takes},
        }
        return page, http_status(status, strict=strict)

    def _recent(self, at: datetime) -> Seen:
        """Return what was seen less than `KEPT` before *at*: everybody may ask, and often."""
        if self._seen is None or abs((at - self._seen[0]).total_seconds()) >= KEPT:
            self._seen = at, self._look()
        return self._seen[1]

    def _look(self) -> Seen:
        spool = self._spool() if self._spool else None
        try:
            return Seen(
                self._check_store(),
                workers=self._workers_alive(),
                hung=self._hung(),
                status=self._status(),
                spool=spool,
            )
        except StoreUnavailable as error:
            return Seen(trouble=error, spool=spool)

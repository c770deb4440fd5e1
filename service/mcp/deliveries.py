"""Tools on deliveries: what came, and the proposal to replay some."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from service.mcp.answers import of_page
from service.mcp.parameters import PAGE, Cursor, Ids, Key, Limit, Since, Source, Why, moment_of
from service.mcp.proposed import proposed
from service.mcp.session import Found, Session, Tools, missing, scope
from service.operate.deliveries import (
    DeliverySelection,
    list_deliveries,
    replay_deliveries,
    show_delivery,
    start_replay,
)
from service.operate.proposals import check_room
from workers.errors import RequestRefused

_Outcome = Literal["kept", "duplicate", "unwanted", "unmapped", "refused", "spooled"]
_MOST: Final = 200  # deliveries of a proposal, unless it is said


class Deliveries:
    """What came, and its replay."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.reads: Tools = (self.list_deliveries, self.show_delivery)
        self.proposals: Tools = (self.propose_replay_deliveries,)

    def list_deliveries(
        self,
        source: Source = None,
        outcome: _Outcome | None = None,
        key: Key = None,
        since: Since = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Found:
        """
        List deliveries, newest first: what came, how it was answered, the keys that it names.

        A page may be short, or empty, and still have a `next`: the time was up.
        """
        made = self._session.configured()
        with self._session.context() as context:
            page = list_deliveries(
                context,
                source=source,
                outcome=outcome,
                key=key,
                since=moment_of(since),
                cursor=cursor,
                limit=limit,
                configuration=made,
            )
            return of_page(page)

    def show_delivery(
        self, id: Annotated[str, Field(max_length=200, description="Of a delivery.")]
    ) -> Found:
        """Show one delivery: headers, proof, body, and what became of each of its events."""
        made = self._session.configured()
        with self._session.context() as context:
            found = show_delivery(context, id, configuration=made)
        if found is None:
            raise missing(id, "a delivery that is kept or listed", "see `list_deliveries`")
        return found

    def propose_replay_deliveries(
        self,
        why: Why,
        deliveries: Ids = None,
        source: Source = None,
        outcome: _Outcome | None = None,
        key: Key = None,
        since: Since = None,
        limit: Annotated[
            int, Field(ge=1, le=2000, description="At most so many by filter, the newest.")
        ] = _MOST,
    ) -> Found:
        """
        Propose to run deliveries again by today's mappings: these, or those that filters select.

        A value never goes over a newer one. Nothing runs before a person approves it.
        """
        ids = tuple(deliveries or ())
        chosen = DeliverySelection(ids, source, outcome, key, moment_of(since), limit)
        chosen.check()
        made = self._session.configured()
        with self._session.context() as context:
            check_room(context)
            found = replay_deliveries(context, chosen, dry_run=True, configuration=made)
            if not found["deliveries"]:
                expected = "deliveries that are kept"
                raise RequestRefused("none that matches", expected, "see `list_deliveries`")
            run = start_replay(
                context,
                chosen,
                self._session.by,
                scope=scope(context),
                configuration=made,
                proposed=why,
            )
            return proposed(context, run, found)

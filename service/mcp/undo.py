"""The tool that proposes an undo."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from service.mcp.parameters import Collection, Key, Since, Source, Why, moment_of
from service.mcp.proposed import proposed
from service.mcp.session import Found, Session, Tools
from service.operate import undo
from service.operate.patience import patient
from service.operate.proposals import check_room
from service.operate.undo_scope import UndoSelection
from workers.errors import RequestRefused

_Run = Annotated[str | None, Field(description="All that this run has written.")]


class Undo:
    """The undo."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.reads: Tools = ()
        self.proposals: Tools = (self.propose_undo,)

    def propose_undo(
        self,
        why: Why,
        run: _Run = None,
        source: Source = None,
        collection: Collection = None,
        key: Key = None,
        since: Since = None,
    ) -> Found:
        """
        Propose to put back what items held before: a run, or a source since a time, or a record
        (collection and key).

        What was changed since is left. The CMS is read for the estimate; nothing is written before
        a person approves it.
        """
        chosen = UndoSelection(run, source, moment_of(since), collection, key)
        chosen.check()
        with self._session.context() as context:
            check_room(context)
            found = undo.estimate(context, chosen, sleep=patient())
            if not found["records"]:
                expected = "a write that is kept ([store] undo_hours)"
                raise RequestRefused("nothing that matches", expected, "see `list_runs`")
            made = undo.start(context, chosen, self._session.by, proposed=why, sleep=patient())
            return proposed(context, made, found)

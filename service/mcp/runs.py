"""Tools on runs: the list, one run, and the proposal to approve one that is held."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from service.mcp.answers import of_page
from service.mcp.parameters import PAGE, Cursor, Limit, UpTo, Why
from service.mcp.proposed import proposed
from service.mcp.session import Found, Session, Tools, missing, scope
from service.operate.approval_proposal import propose_approval
from service.operate.run_list import list_runs, show_run
from workers.model.runs import Bulk, State

_Kind = Bulk | Annotated[str, Field(pattern="^(reconcile|pull|remap|undo)$")]
_Id = Annotated[str, Field(pattern=r"^r[0-9]{1,15}$", description="The id of a run.")]


class Runs:
    """Runs, and the approval of one that is held."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.reads: Tools = (self.list_runs, self.show_run)
        self.proposals: Tools = (self.propose_approve_run,)

    def list_runs(
        self,
        kind: _Kind | None = None,
        state: State | None = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Found:
        """
        List runs, newest first: reconciles, remaps, replays, undos and decisions.

        State "held" waits for a person; with a `proposal` somebody has proposed it.
        """
        with self._session.context() as context:
            page = list_runs(
                context,
                scope=scope(context),
                by=self._session.by,
                kind=kind,
                state=state,
                cursor=cursor,
                limit=limit,
            )
            return of_page(page)

    def show_run(self, id: _Id) -> Found:
        """Show one run: who began it, its progress in figures, and why it failed or waits."""
        with self._session.context() as context:
            found = show_run(context, id, scope=scope(context), by=self._session.by)
        if found is None:
            raise missing(id, "a run", "see `list_runs`")
        return found

    def propose_approve_run(self, why: Why, run: _Id, up_to: UpTo = None) -> Found:
        """
        Propose to approve what a held run would create and overwrite; a person decides.

        Its deletes are pending deletes: `propose_approve_deletes`.
        """
        with self._session.context() as context:
            made, found = propose_approval(context, run, self._session.by, why, up_to=up_to)
            return proposed(context, made, found)

"""Tools on problems: dead letters by cause, and proposals to replay or discard them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from service.mcp.answers import of_page
from service.mcp.parameters import (
    PAGE,
    Collection,
    Cursor,
    Ids,
    Limit,
    Problem,
    Since,
    Source,
    Why,
    moment_of,
)
from service.mcp.proposed import proposed
from service.mcp.session import Found, Session, Tools, missing
from service.operate.bulk_actions import Change
from service.operate.problems import estimate, list_letters, list_problems, show_letter, start
from service.operate.proposals import check_room
from service.operate.selection import Selection
from workers.errors import RequestRefused

_State = Annotated[
    Literal["open", "seen", "ignored"] | None,
    Field(description="Without it: all but the ignored ones."),
]
_Kind = Annotated[
    str | None, Field(description="refused, exhausted, unmapped, missing, not-applied, writeback.")
]


class Problems:
    """Dead letters by cause."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.reads: Tools = (self.list_problems, self.list_letters, self.show_letter)
        self.proposals: Tools = (self.propose_replay_letters, self.propose_discard_letters)

    def list_problems(
        self,
        state: _State = None,
        source: Source = None,
        collection: Collection = None,
        kind: _Kind = None,
        since: Since = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Found:
        """List what went wrong by cause, most dead letters first; `do` is the remedy."""
        with self._session.context() as context:
            page = list_problems(
                context,
                state=state,
                source=source,
                collection=collection,
                kind=kind,
                since=moment_of(since),
                cursor=cursor,
                limit=limit,
            )
            return of_page(page)

    def list_letters(
        self,
        problem: Problem = None,
        source: Source = None,
        collection: Collection = None,
        kind: _Kind = None,
        since: Since = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Found:
        """List open dead letters, oldest first: of one problem, or all that the filters select."""
        chosen = Selection(
            group=problem, kind=kind, collection=collection, source=source, since=moment_of(since)
        )
        with self._session.context() as context:
            return of_page(list_letters(context, chosen, cursor=cursor, limit=limit))

    def show_letter(
        self, id: Annotated[str, Field(max_length=100, description="Of a dead letter.")]
    ) -> Found:
        """Show one dead letter, open or closed, with what to do, and the body of its event."""
        with self._session.context() as context:
            found = show_letter(context, id)
        if found is None:
            raise missing(id, "a dead letter", "see `list_letters`")
        return found

    def propose_replay_letters(
        self, why: Why, problem: Problem = None, letters: Ids = None
    ) -> Found:
        """
        Propose to replay the dead letters of a problem, or these; nothing is sent.

        Mend the cause first: by the same mapping they fail again. A person approves it.
        """
        return self._propose("replay", why, problem, letters)

    def propose_discard_letters(
        self, why: Why, problem: Problem = None, letters: Ids = None
    ) -> Found:
        """
        Propose to discard the dead letters of a problem, or these, with their values for ever.

        Nothing is discarded before a person approves it.
        """
        return self._propose("discard", why, problem, letters)

    def _propose(
        self, action: Change, why: str, problem: str | None, letters: list[str] | None
    ) -> Found:
        if (problem is None) == (letters is None):
            found = "neither a problem nor letters" if letters is None else "both"
            raise RequestRefused(found, "problem, or letters", "name one of them")
        chosen = Selection(group=problem, ids=tuple(letters or ()))
        with self._session.context() as context:
            check_room(context)
            made = estimate(context, action, chosen)
            if not made["letters"]:
                raise RequestRefused("no such dead letter", "open ones", "see `list_letters`")
            run = start(context, action, chosen, self._session.by, proposed=why)
            return proposed(context, run, made)

"""Tools on pending deletes: the list, and proposals to approve or drop them."""

from __future__ import annotations

from service.mcp.answers import of_page
from service.mcp.parameters import PAGE, Collection, Cursor, Ids, Limit, UpTo, Why
from service.mcp.proposed import proposed
from service.mcp.session import Found, Session, Tools
from service.operate.held_delete_choice import DeleteSelection, choose
from service.operate.held_deletes import Action, estimate, list_deletes, start
from service.operate.proposals import check_room
from workers.errors import RequestRefused, SelectionInvalid


class Deletes:
    """Deletes that wait."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.reads: Tools = (self.list_pending_deletes,)
        self.proposals: Tools = (self.propose_approve_deletes, self.propose_drop_deletes)

    def list_pending_deletes(
        self, collection: Collection = None, cursor: Cursor = None, limit: Limit = PAGE
    ) -> Found:
        """List the deletes that wait for an approval, or for their delay, oldest first."""
        with self._session.context() as context:
            return of_page(list_deletes(context, collection=collection, cursor=cursor, limit=limit))

    def propose_approve_deletes(
        self, why: Why, collection: Collection = None, deletes: Ids = None, up_to: UpTo = None
    ) -> Found:
        """
        Propose to send pending deletes: these, or all of a collection that wait for approval.

        The items stay on the site until a person approves it.
        """
        return self._propose("approve", why, collection, deletes, up_to)

    def propose_drop_deletes(
        self, why: Why, collection: Collection = None, deletes: Ids = None, up_to: UpTo = None
    ) -> Found:
        """Propose to drop pending deletes, so that their items stay; a person approves it."""
        return self._propose("drop", why, collection, deletes, up_to)

    def _propose(
        self,
        action: Action,
        why: str,
        collection: str | None,
        deletes: list[str] | None,
        up_to: int | None,
    ) -> Found:
        wanted = DeleteSelection(collection, tuple(deletes or ()), up_to)
        wanted.check()
        if collection is None and not deletes:
            expected = "collection (and up_to), or deletes"
            raise SelectionInvalid("nothing that selects deletes", expected, "name one of them")
        with self._session.context() as context:
            check_room(context)
            chosen = choose(context, wanted)
            if not chosen.deletes:
                expected = "deletes that wait"
                raise RequestRefused("none that matches", expected, "see `list_pending_deletes`")
            made = estimate(context, action, chosen)
            run = start(context, action, chosen, self._session.by, proposed=why)
            return proposed(context, run, made)

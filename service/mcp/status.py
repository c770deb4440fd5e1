"""Tools on the whole: its status, its sources, and the check of its configuration."""

from __future__ import annotations

from service.mcp.answers import of_page
from service.mcp.parameters import PAGE, Cursor, Limit
from service.mcp.session import Found, Session, Tools, scope
from service.operate.check import check_all
from service.operate.sources import list_sources
from service.operate.status import status_of


class Status:
    """The status, the sources and the check."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.reads: Tools = (self.status, self.list_sources, self.check)
        self.proposals: Tools = ()

    def status(self) -> Found:
        """
        Show states, backlog and counters, and what is wrong with what to do.

        Begin here: `reasons` keep it from working fully, `notices` are for a person to look at;
        each has `do`, the remedy.
        """
        with self._session.context() as context:
            return status_of(context)

    def list_sources(self, cursor: Cursor = None, limit: Limit = PAGE) -> Found:
        """
        List the sources by name: what came, when the last, what was refused and why, which topics
        no mapping takes, and which secrets were used.
        """
        made = self._session.configured()
        with self._session.context() as context:
            found = list_sources(context, made, scope(context), cursor=cursor, limit=limit)
            return of_page(found)

    def check(self) -> Found:
        """
        Check configuration, mappings, store and tokens; the CMS is asked with few requests.

        `problems` each have where, found, expected and do; `ok` is false where one is an error.
        """
        return check_all(self._session.configured()).as_dict()

"""Tools on the whole: overview, status, sources, and the check of the configuration."""

from __future__ import annotations

from dataclasses import asdict

from service.mcp.answers import of_page
from service.mcp.parameters import PAGE, Cursor, Limit
from service.mcp.session import Found, Session, Tools, scope
from service.operate.check import check_all
from service.operate.overview import overview_of
from service.operate.sources import list_sources
from service.operate.status import status_of


class Status:
    """The overview, the status, the sources and the check."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.reads: Tools = (self.overview, self.status, self.list_sources, self.check)
        self.proposals: Tools = ()

    def overview(self) -> Found:
        """
        Show whether the site follows, how fast, what waits, and what needs a person first.

        Begin here: `needs` are sorted by what they cost the site, each with `do`, the remedy;
        `more` are not listed.
        """
        with self._session.context() as context:
            found = asdict(overview_of(context, scope(context)))
        # Hundreds of numbers for charts: `destinations` and `list_sources` have their sums.
        return {name: each for name, each in found.items() if name not in ("hour", "day")}

    def status(self) -> Found:
        """
        Show states, backlog and counters in full, and what is wrong with what to do.

        `reasons` keep it from working fully, `notices` are for a person to look at; each has `do`,
        the remedy.
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

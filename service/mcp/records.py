"""Tools on records: two searches, and the life of one."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from service.mcp.parameters import PAGE, Collection, Cursor, Limit, Source
from service.mcp.session import Found, Session, Tools, scope
from service.operate.record_choice import list_records
from service.operate.record_life import UnknownLocale, UnknownRecord, life_of
from service.operate.record_pages import ANY, ATTENTION, CHOICES
from workers.errors import UnknownName

LIFE: Final = 30  # entries, unless it is said
_State = Annotated[
    str,
    Field(
        max_length=50,
        description=f"{ATTENTION}: what needs a person; {ANY}; or {', '.join(CHOICES[2:])}.",
        json_schema_extra={"enum": [*CHOICES]},
    ),
]


class Records:
    """Two searches, and the life of one record."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.reads: Tools = (self.search_records, self.search_values, self.record_life)
        self.proposals: Tools = ()

    def search_records(
        self,
        text: Annotated[
            str,
            Field(
                max_length=500,
                description="A key, an item id, a name or a slug, or the beginning of one, in any "
                "case; empty: all.",
            ),
        ] = "",
        collection: Collection = None,
        source: Source = None,
        state: _State = ANY,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Found:
        """
        Find records by key, name, slug or item id: each with its state and what it waits for.

        Without `text` all; state "attention" without it lists what needs a person. A page may be
        short, or empty, and still have a `next`: `looked` says how far it is, and `of` how many
        there are, where that is known. `complete` is false while the index of an older
        store is made: what is not found may be there.
        """
        chosen = {"collection": collection, "source": source, "state": state}
        with self._session.context() as context:
            found = list_records(
                context, scope(context), q=text, **chosen, cursor=cursor, limit=limit
            )
        return dict(found)

    def search_values(
        self,
        text: Annotated[
            str,
            Field(min_length=1, max_length=500, description="A part of a value, in any case."),
        ],
        collection: Collection = None,
        source: Source = None,
        state: _State = ANY,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Found:
        """
        Find records by a part of any of their values, which looks at all of them, some per call.

        `fields` names the fields that hold it. `looked` of `of` records were looked at: go on with
        `next` until it is null before you say that there is none. Of `hidden` ones no values are
        kept. `indexing`: nothing was looked at yet.
        """
        chosen = {"collection": collection, "source": source, "state": state}
        with self._session.context() as context:
            found = list_records(
                context, scope(context), q=text, part="1", **chosen, cursor=cursor, limit=limit
            )
        return dict(found)

    def record_life(
        self,
        collection: Annotated[
            str, Field(max_length=200, description="The name of its collection.")
        ],
        key: Annotated[
            str, Field(max_length=500, description="As any system writes it, or its item id.")
        ],
        locale: Annotated[
            str | None, Field(max_length=100, description="Only this variant: de-AT.")
        ] = None,
        entries: Annotated[int, Field(ge=0, le=200, description="Newest entries.")] = LIFE,
    ) -> Found:
        """
        Show why a record is on the site or is not, what it waits for, what happens next, and when.

        `answer` says it in a sentence; `fields` compares what is wanted with what the CMS holds;
        `life` has the newest `entries` of what happened, oldest first, `older` how many more there
        are. An unknown key: state "unknown", with the nearest keys.
        """
        with self._session.context() as context:
            known = context.settings.collections
            if collection not in known:
                names = ", ".join(sorted(known)) or "none is configured"
                raise UnknownName(repr(collection), f"a collection: {names}", "use one of them")
            try:
                found = life_of(context, collection, key, locale)
            except UnknownLocale as error:
                expected = f"a locale of the site: {', '.join(error.known)}"
                raise UnknownName(repr(locale), expected, "use one of them") from None
            except UnknownRecord as error:
                return error.as_dict()
        life = found["life"]
        shown = life[len(life) - min(entries, len(life)) :]
        return found | {"life": shown, "older": len(life) - len(shown) + found["dropped"]}

"""The tool that shows what a payload would change."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from service.mcp.session import Found, Session, Tools, scope
from service.operate.preview_answer import preview_answer

_LARGEST: Final = 262_144  # characters of a payload


class Previews:
    """What a payload would change."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.reads: Tools = (self.preview_payload,)
        self.proposals: Tools = ()

    def preview_payload(
        self,
        source: Annotated[
            str, Field(max_length=200, description="The name of a source of instep.toml.")
        ],
        body: Annotated[str, Field(max_length=_LARGEST, description="The payload, as text.")],
        topic: Annotated[str | None, Field(description="Replaces the topic of its events.")] = None,
        headers: Annotated[
            dict[str, str] | None,
            Field(description="Headers from which the sender reads topic, event id or time."),
        ] = None,
        fetched: Annotated[
            bool, Field(description="It is a fetched object, not the notice that names it.")
        ] = False,
    ) -> Found:
        """
        Show what a payload would change by today's mappings: nothing is verified, kept or sent.

        `changes` have the fields before and after, `problems` what cannot be read, `unmatched` why
        other mappings of the source do not take it.
        """
        made = self._session.configured()
        sent = {"content-type": "application/json"} | (headers or {})
        data = body.encode("utf-8", "surrogatepass")
        with self._session.context() as context:
            return preview_answer(
                context,
                made,
                source,
                data,
                headers=sent,
                scope=scope(context),
                topic=topic,
                fetched=fetched,
            )

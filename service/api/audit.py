"""``/api/audit``: who changed what, and when."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from marshmallow import fields

from service.api import errors
from service.api.access import caller
from service.api.routes import Routes
from service.api.schemas import ApiSchema, ListQuery, page_cursor, page_of
from service.operate.parts import Parts
from workers.store.audit import Audit


class AuditQuery(ListQuery):
    cursor = page_cursor(r"^[0-9]{1,15}-[0-9]{1,15}\Z")


class AuditEntry(ApiSchema):
    id = fields.String(required=True)
    at = fields.String(required=True, metadata={"format": "date-time"})
    by = fields.String(
        required=True,
        metadata={
            "description": "The name of an access, admin, schedule, cli:USER@HOST or mcp:USER@HOST."
        },
    )
    action = fields.String(required=True)
    target = fields.String(required=True)
    figures = fields.Dict(keys=fields.String(), required=True)


def routes(parts: Parts) -> Routes:
    made = Routes("audit", "Who changed what by hand, newest first")

    def audit(query: dict[str, Any]) -> dict[str, Any]:
        """List what was changed by commands and by this API."""
        if not caller().scope.whole:
            raise errors.refused(
                HTTPStatus.FORBIDDEN,
                f"{caller().name}, which sees some destinations",
                "a token that sees everything: the list names all destinations",
                "use another token",
            )
        items, cursor = Audit(parts.context.steps).list(query["cursor"], query["limit"])
        return {"items": items, "next": cursor}

    made.get("/audit", audit, page_of(AuditEntry), query=AuditQuery)
    return made

"""``/deletes``: deletes that wait, why, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, render_template

from service.console import query
from service.console.actions import add
from service.console.delete_actions import FILTERS, delete_actions
from service.console.links import link_of
from service.console.sessions import caller
from service.operate.held_deletes import held_reasons, list_deletes
from service.operate.parts import Parts

_ASKED: Final = ("collection",)


def routes(parts: Parts) -> Blueprint:
    made, context = Blueprint("deletes", __name__), parts.context
    actions = delete_actions(context)

    def show() -> str:
        asked, scope = query.of_request(_ASKED), caller().scope
        chosen = asked.text("collection")
        reasons = held_reasons(context, collection=chosen, scope=scope)
        found = list_deletes(
            context, collection=chosen, scope=scope, cursor=asked.cursor, limit=query.LIMIT
        )
        return render_template(
            "console/deletes.html",
            query=asked,
            actions=actions,
            collections=sorted(scope.collections),
            reasons=reasons,
            total=sum(each["deletes"] for each in reasons),
            found=found,
            record_of=_record,
            link_of=link_of,
        )

    made.add_url_rule("/deletes", "show", show)
    add(made, "/deletes", parts, actions, filters=FILTERS)
    return made


def _record(delete: Mapping[str, Any]) -> str | None:
    return link_of("records.record", collection=delete["collection"], key=delete["key"])

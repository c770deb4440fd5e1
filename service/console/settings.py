"""``/settings``: what is in force, who has access, and who changed what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, render_template

from service.console import query
from service.console.error_pages import Refused
from service.console.sessions import caller
from service.operate.audit_list import list_audit
from service.operate.parts import Parts
from service.operate.settings_in_force import settings_in_force
from workers.config.access_schema import ADMIN

_AUDIT: Final = ("by", "action", "target")


def routes(parts: Parts) -> Blueprint:
    made = Blueprint("settings", __name__)

    def show() -> str:
        query.of_request()
        found = settings_in_force(parts.configuration.settings, caller().scope)
        top = {name: each for name, each in found.items() if not isinstance(each, dict)}
        access: dict[str, Any] = found.pop("access", {})
        tables = {name: each for name, each in found.items() if _is_tables(name, each)}
        single = {name: each for name, each in found.items() if name not in tables | top}
        return render_template(
            "console/settings.html",
            top=_table(top),
            single={name: _table(each) for name, each in single.items() if each},
            tables={
                name: {own: _table(one) for own, one in each.items()}
                for name, each in tables.items()
            },
            access=access,
        )

    def audit() -> str:
        if caller().name != ADMIN:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                f"a login as {caller().name}",
                "one by INSTEP_ADMIN_TOKEN: the list names all destinations",
                "log in with it",
            )
        asked = query.of_request(_AUDIT)
        chosen = {name: asked.text(name) for name in _AUDIT}
        found = list_audit(parts.context, **chosen, cursor=asked.cursor, limit=query.LIMIT)
        return render_template("console/audit.html", query=asked, found=found)

    made.add_url_rule("/settings", "show", show)
    made.add_url_rule("/settings/audit", "audit", audit)
    return made


@dataclass(frozen=True, slots=True)
class _Table:
    """
    A table of settings.

    Args:
        given: By name; of a table in it ``reconcile.policy``.
        unset: The names of those that are not set.
    """

    given: Mapping[str, Any]
    unset: Sequence[str]


def _table(values: Mapping[str, Any]) -> _Table:
    flat = dict(_flat(values))
    flat.pop("name", None)  # of the table itself, which stands above it
    unset = [name for name, each in flat.items() if each is None or each in ([], {}, "")]
    return _Table({name: each for name, each in flat.items() if name not in unset}, unset)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, each in values.items():
        if isinstance(each, Mapping) and each:
            yield from _flat(each, f"{before}{name}.")
        else:
            yield f"{before}{name}", each


def _is_tables(name: str, section: Any) -> bool:
    """Tell whether *section* holds tables by name, as ``[sources.NAME]``; it may have none."""
    if not isinstance(section, dict):
        return False
    return name != "store" and all(isinstance(each, dict) for each in section.values())

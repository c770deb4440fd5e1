"""``/api/settings``: the settings in force, without secrets."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from service.api.access import caller
from service.api.routes import Routes
from service.api.schemas import ApiSchema
from service.operate.parts import Parts
from service.operate.settings_in_force import settings_in_force


def _sections() -> fields.Field[Any]:
    return fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String()))


class SettingsAnswer(ApiSchema):
    """As instep.toml names them. What belongs to no destination is for tokens that see all."""

    path = fields.String()
    store = fields.Dict(keys=fields.String())
    destinations = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()), required=True
    )
    collections = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()), required=True
    )
    sources = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()), required=True
    )
    pulls = _sections()
    fetchers = _sections()
    access = _sections()
    writebacks = _sections()
    alerts = fields.Dict(keys=fields.String(), allow_none=True)
    mappings = fields.List(fields.String())
    public_url = fields.String(allow_none=True)
    admin_token = fields.String(allow_none=True)
    metrics_token = fields.String(allow_none=True)


def routes(parts: Parts) -> Routes:
    made = Routes("settings", "Settings in force")

    def settings() -> dict[str, Any]:
        """Show the settings in force; each secret is ***."""
        return settings_in_force(parts.configuration.settings, caller().scope)

    made.get("/settings", settings, SettingsAnswer)
    return made

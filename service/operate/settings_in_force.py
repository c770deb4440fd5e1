"""The settings that this process runs with; every secret in them is masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from service.operate.scope import Scope
from workers.config.settings import Fetcher, Settings, Source
from workers.model.mask import Mask

MASKED: Final = "***"
_LEFT_OUT: Final = frozenset({"hidden", "warnings", "locales_given"})
# Kept out of repr with the secrets, though they are none: the proof of a sender is none of them.
_OPEN: Final = frozenset({(Source, "options"), (Fetcher, "options")})


def settings_in_force(settings: Settings, scope: Scope) -> dict[str, Any]:
    """
    Return the sections of instep.toml as they are in force, ready for JSON.

    A secret is ``***``, an absent one null. Of the sections with names, those in *scope*; what
    belongs to no destination only where the *scope* is whole.
    """
    found = _masked(_shown(settings), Mask(settings.hidden))
    assert isinstance(found, dict)  # noqa: S101  # settings are a dataclass
    named = {"destinations": scope.destinations, "collections": scope.collections}
    named["sources"] = named["pulls"] = scope.sources
    seen = {
        section: {name: each for name, each in found[section].items() if name in names}
        for section, names in named.items()
    }
    return found | seen if scope.whole else seen


def _shown(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: _field(value, each.name, secret=not each.repr)
            for each in fields(value)
            if each.name not in _LEFT_OUT
        }
    if isinstance(value, Mapping):
        return {str(name): _shown(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def _field(of: Any, name: str, *, secret: bool) -> Any:
    value = getattr(of, name)
    if secret and (type(of), name) not in _OPEN:
        # repr leaves out what is secret: so does this, also what is added later.
        return [MASKED] * len(value) if isinstance(value, tuple) else value and MASKED
    if isinstance(of, Source) and name == "url" and value:
        parts = urlsplit(value)  # senders that cannot sign have their secret in the query
        return parts._replace(query=MASKED if parts.query else "").geturl()
    return _shown(value)


def _masked(value: Any, mask: Mask) -> Any:
    """Mask each secret wherever it stands, as in an option of a sender."""
    if isinstance(value, dict):
        return {name: _masked(each, mask) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, mask) for each in value]
    return mask.text(value) if isinstance(value, str) else value

"""
What the Lua steps say of the variants of items, and what they are told of them. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workers.model.attempts import Verdict


def variants(entries: Sequence[Any]) -> dict[str, tuple[str, ...]]:
    """Return cmsLocaleId → slugs of what a request carries of one item."""
    return {locale: tuple(slugs) for locale, slugs in entries}


def told(verdict: Verdict) -> dict[str, Any]:
    """Return what ``settle.lua`` is told of variants; mostly nothing."""
    shown = {slug: list(locales) for slug, locales in verdict.shown.items() if locales}
    return {
        **({"shown": shown} if shown else {}),
        **({"variants": dict(verdict.variants)} if verdict.variants else {}),
    }

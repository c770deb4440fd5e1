"""
The locales of the site. An item has one variant in each of its locales, all under one id.

https://developers.webflow.com/data/docs/working-with-localization
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.sandbox.model.ids import stable_id

PRIMARY_ID = "65f0000000000000000000aa"  # cmsLocaleId of the primary locale, on every start


@dataclass(frozen=True, slots=True)
class Locale:
    """
    One locale.

    Args:
        cms_id: The ``cmsLocaleId`` of its variants; not the locale's own id.
        tag: Its language, such as ``en`` or ``de-AT``.
    """

    id: str
    cms_id: str
    tag: str

    def as_v2(self, *, primary: bool) -> dict[str, Any]:
        return {
            "id": self.id,
            "cmsLocaleId": self.cms_id,
            "enabled": True,
            "displayName": self.tag,
            "displayImageId": None,
            "redirect": True,
            "subdirectory": "" if primary else self.tag.lower(),
            "tag": self.tag,
        }


@dataclass(frozen=True, slots=True)
class Locales:
    """The primary locale and the others; the ids are derived from the tags."""

    primary: Locale
    secondary: tuple[Locale, ...] = ()

    @property
    def cms_ids(self) -> tuple[str, ...]:
        """The ``cmsLocaleId`` of each, the primary one first."""
        return (self.primary.cms_id, *(one.cms_id for one in self.secondary))

    def as_v2(self) -> dict[str, Any]:
        return {
            "primary": self.primary.as_v2(primary=True),
            "secondary": [one.as_v2(primary=False) for one in self.secondary],
        }


def make_locales(tags: Sequence[str] = ("en", "de")) -> Locales:
    """Return locales for *tags*, the primary one first; a tag always has the same ids."""
    primary, *others = tags
    return Locales(
        Locale(stable_id("locale", "site", primary), PRIMARY_ID, primary),
        tuple(
            Locale(stable_id("locale", "site", tag), stable_id("locale", "cms", tag), tag)
            for tag in others
        ),
    )

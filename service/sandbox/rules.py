"""What differs from site to site, or has changed over the years: settings of the stand-in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Rules:
    """
    How strict the site is.

    Args:
        item_limit: Items that the plan allows, all collections together; None: any number.
        checks_merged: A PATCH is refused for what the item already held, too.
        refuses_archived: No live PATCH of an archived item, as in 2025.
        refuses_uneven: No publishing and no deleting of items while the domains of the site were
            published at different times, as before 2025-07-07.
        suffixes_slugs: A new item whose slug is taken gets another one, instead of a refusal;
            both were seen.
    """

    item_limit: int | None = None
    checks_merged: bool = False
    refuses_archived: bool = False
    refuses_uneven: bool = False
    suffixes_slugs: bool = False

"""Settings of the stand-in: what differs between sites, or has changed over the years."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Rules:
    """
    How strict the site is, and in which form it stores values.

    Rules that two sources agree on are on by default, and no others.

    Args:
        item_limit: Items that the plan allows, in all collections; None: any number.
        checks_merged: A PATCH is also refused for invalid values that the item already has.
        refuses_archived: No live PATCH of an archived item, as in 2025.
        refuses_uneven: Items cannot be published or deleted while the domains of the site were
            published at different times, as before 2025-07-07.
        suffixes_slugs: A new item with a slug in use gets another slug instead of a refusal; both
            were observed.
        names_no_files: For a file that cannot be imported, only the message tells, without the
            name of the field; both were observed.
        refuses_unlive: Unpublishing an item that is not live is a 404, else a 204.
        keeps_published: Unpublishing keeps the time of publication, but no live PATCH works.
        filter_lag: Seconds by which lists with a ``name``, ``slug`` or ``filter`` lag behind;
            others are current.
        filters: Handling of ``filter[...]`` and ``sort[...]``: "answered", "refused" or "ignored",
            as by a site from before mid 2026.
        lowers_emails: An e-mail address is stored in lower case.
        trims_links: A link is stored without its final slash.
        drops_empty_texts: An empty text is stored as none.
        composes_texts: A text is stored in NFC.
        writes_numbers: A number or boolean for a text field is stored as text, not refused.
        passes_over_nulls: A null leaves a text field unchanged.
        rewrites_html: Rich text is stored with imported pictures, and without the space between
            tags of lists and tables.
        echoes_html: The answer to a v2 write shows rich text as it was sent.
    """

    item_limit: int | None = None
    checks_merged: bool = True
    refuses_archived: bool = False
    refuses_uneven: bool = False
    suffixes_slugs: bool = False
    names_no_files: bool = False
    refuses_unlive: bool = False
    keeps_published: bool = False
    filter_lag: float = 0.0
    filters: str = "answered"
    lowers_emails: bool = False
    trims_links: bool = False
    drops_empty_texts: bool = True
    composes_texts: bool = False
    writes_numbers: bool = False
    passes_over_nulls: bool = False
    rewrites_html: bool = True
    echoes_html: bool = True

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
        suffixes_slugs: A new item whose slug is taken gets another one, instead of a refusal;
            both were seen.
        names_no_files: A file that cannot be imported is reported in the message alone, without
            the name of its field; both were seen.
        refuses_unlive: No unpublishing of what is not live (404); else it is done (204).
        keeps_published: Unpublishing leaves when an item was published; no live PATCH all the same.
        filter_lag: Seconds by which lists that ask for a ``name``, a ``slug`` or a ``filter``
            lag behind; a list that does not is of now.
        filters: What becomes of ``filter[...]`` and ``sort[...]``: "answered", "refused" or
            "ignored", as by a site from before mid 2026.
        lowers_emails: An e-mail address is kept in lower case.
        trims_links: A link is kept without the slash at its end.
        drops_empty_texts: An empty text is kept as none.
        composes_texts: A text is kept in NFC.
        writes_numbers: A number or a boolean that is sent to a field of text is kept as text,
            instead of a refusal.
        passes_over_nulls: A null leaves a field of text as it is.
        rewrites_html: Rich text is kept with pictures of the site's own, and without the space
            between tags of lists and tables.
        echoes_html: The answer to a write of v2 shows rich text as it was sent.
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

"""
A key as a field of the CMS keeps it: an address comes back in another form than it was sent. Pure.

Only of fields that hold e-mail addresses or links. In any other, two keys that differ in a letter's
case are two.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

from workers.fields.addresses import link

TYPES = frozenset({"Email", "Link"})  # as v2 calls them


def kept(part: str, cms_type: str) -> str:
    """
    Return a key, or a part of one, as a field of *cms_type* keeps it.

    Args:
        cms_type: "": it is not known, and goes by what the key looks like.
    """
    if cms_type == "Email" or (not cms_type and "@" in part):
        return part.lower()
    if cms_type == "Link" or (not cms_type and "://" in part):
        return link(part)
    return part


def asked(part: str, cms_type: str) -> str:
    """
    Return a key, or a part of one, as a filter of a field of *cms_type* is asked for it.

    A link that was sent has only lost its slash. That host and scheme are in lower case is so in
    comparing alone.
    """
    if cms_type == "Link":
        return part.rstrip("/") or part
    return kept(part, cms_type)

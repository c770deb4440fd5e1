"""
The form in which e-mail and link fields store a key; no other type changes the case of a key.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

from workers.fields.addresses import link

TYPES = frozenset({"Email", "Link"})  # as v2 calls them


def kept(part: str, cms_type: str) -> str:
    """
    Return a key, or a part of one, as a field of *cms_type* stores it.

    Without a type ("") the form follows from what the key looks like.
    """
    if cms_type == "Email" or (not cms_type and "@" in part):
        return part.lower()
    if cms_type == "Link" or (not cms_type and "://" in part):
        return link(part)
    return part


def asked(part: str, cms_type: str) -> str:
    """
    Return a key, or a part of one, as a filter on a field of *cms_type* needs it.

    The CMS only drops the trailing slash of a link; `kept` lower-cases host and scheme for
    comparison.
    """
    if cms_type == "Link":
        return part.rstrip("/") or part
    return kept(part, cms_type)

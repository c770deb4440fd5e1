"""
Request bodies that publish items, or the site.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/publish-item
https://developers.webflow.com/data/reference/sites/publish
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workers.webflow.payloads import Named, named


def items(of: Named) -> dict[str, Any]:
    """Return the body that publishes items; with locales in v2 alone."""
    if all(isinstance(item, str) for item in of):
        return {"itemIds": list(of)}
    return {"items": named(of)}


def site(domains: Sequence[str], subdomain: bool) -> dict[str, Any]:
    """Return the v2 body; *domains*: ids of custom ones; *subdomain*: that of Webflow as well."""
    custom = {"customDomains": list(domains)} if domains else {}
    return {**custom, "publishToWebflowSubdomain": subdomain}

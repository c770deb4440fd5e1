"""What a token sees: sites, collections, fields and some items. Each method is one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workers.config.settings import Destination
from workers.errors import RequestRefused
from workers.webflow.client import Client
from workers.webflow.item_answers import Answer, SchemaField
from workers.webflow.site import ListedCollection, Site

_OTHER_API = {
    "v2": "create a token in the site's settings; one of the legacy API needs --api v1",
    "v1": "create a token of the legacy API, or leave out --api v1",
}
_DO = {
    403: (
        "a token with sites:read and cms:read",
        "give it the scopes sites:read, cms:read, cms:write",
    ),
    404: ("a site and collections that the token sees", "correct the id, or the token"),
    429: ("room for some calls", "wait a minute, and try again"),
}


@dataclass
class SiteReader:
    """
    A site before it is configured; a context manager.

    Every method raises RequestRefused where the CMS refuses, and DestinationError where it does
    not answer. *rate* is what its answers tell: requests a minute.
    """

    token: str = field(repr=False)
    base_url: str
    api: str = "v2"
    rate: int | None = None

    def __post_init__(self) -> None:
        self._client = Client(Destination("site", self.api, self.token, base_url=self.base_url))

    def __enter__(self) -> SiteReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def sites(self) -> Sequence[Site]:
        return self._good(self._client.list_sites()).sites

    def collections(self, site: str) -> Sequence[ListedCollection]:
        listed = self._good(self._client.list_sites(site, "collections")).collections
        return [each for each in listed.values() if each.slug]

    def fields(self, collection: str) -> Sequence[SchemaField]:
        return self._good(self._client.get_collection(collection)).schema

    def items(self, collection: str) -> list[Mapping[str, Any]]:
        """Return the fields of the first 100 items."""
        answer = self._good(self._client.list_items(collection))
        return [item.fields for item in answer.items.values()]

    def _good(self, answer: Answer) -> Answer:
        if answer.limit is not None:
            self.rate = answer.limit
        if answer.status == 200:
            return answer
        known = {401: ("a token that the CMS knows", _OTHER_API[self.api]), **_DO}
        expected, do = known.get(answer.status, ("status 200", "try again later"))
        said = f" ({answer.message})" if answer.message else ""
        raise RequestRefused(f"status {answer.status}{said} from {self.base_url}", expected, do)

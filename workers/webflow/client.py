"""
The HTTP client of the CMS: writes, publishing, and reads of items and schemas.

v1 takes one item per PATCH, v2 up to 100, always by the bulk endpoint: its answer names every item
by id. Nothing is redirected or retried: ``workers.policy.rules`` decides what an answer means.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/update-items
https://developers.webflow.com/data/v1.0.0/reference/cms/items/patch-item
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import Any
from urllib.parse import quote

import requests

from workers.config.settings import Destination
from workers.errors import DestinationError
from workers.fields.json_values import dumps
from workers.model.mask import Mask
from workers.transport.deadline import Deadline, DeadlineAdapter
from workers.transport.http_answer import FAILURES, Bearer, innermost, read_body
from workers.transport.plain_session import PlainSession, is_proxy_set
from workers.webflow import payloads, publish_payloads
from workers.webflow.item_answers import Answer, read
from workers.webflow.variants import Entry

SECONDS = 14.0  # timeout of a whole request: below half of the 30 s for which a claim holds
PAGE = 100  # items per page of a listing
LARGEST = 32 * 1024 * 1024  # bytes of a response body


class Client:
    """
    The CMS behind one destination. For one thread; ``close`` it, or use it in a ``with``.

    Every method takes *seconds*, the timeout of the whole request, and *not_after*, the
    ``time.monotonic()`` after which the request may not start. It returns an Answer, whatever the
    status, or raises DestinationError if there was none; ``error.sent`` is False only if certainly
    no byte of the request reached the CMS. The token appears in no message and no repr.
    """

    def __init__(self, destination: Destination) -> None:
        self._v2 = destination.api == "v2"
        self._most = 100 if self._v2 else 1  # items in one request
        self._root = destination.base_url.rstrip("/") + ("/v2" if self._v2 else "")
        self._deadline = Deadline()
        self._session = session = PlainSession()
        session.trust_env = is_proxy_set()
        session.auth = Bearer(destination.token)
        session.headers["User-Agent"] = "instep"
        session.headers["Accept"] = "application/json"
        if not self._v2:
            session.headers["Accept-Version"] = "1.0.0"
        for scheme in ("http://", "https://"):
            session.mount(scheme, DeadlineAdapter(self._deadline))
        self._mask = Mask((destination.token, *destination.hidden))
        self._sendable = destination.token.isascii() and destination.token.isprintable()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def cancel(self) -> None:
        """End the request of this time, and let no other begin; from any thread."""
        self._deadline.cancel()

    def patch(
        self,
        collection: str,
        items: Mapping[str, Mapping[str, Any]] | Sequence[Entry],
        *,
        live: bool,
        files: bool = False,
        seconds: float = SECONDS,
        not_after: float = float("inf"),
    ) -> Answer:
        """
        Write *items*: entries, or item id → slug → value as ``workers.fields.types`` makes it.

        Args:
            live: Write both copies, not only the staged one.
            files: A value imports a file: the CMS is to refuse the request if the import fails.

        Raises:
            DestinationError: There was no answer, or a success that is not readable.
            ValueError: No item, or more than the API takes in one request.
        """
        entries = payloads.as_entries(items)
        _check_number(entries, self._most)
        root = f"{_collection(collection)}/items"
        if self._v2:
            url = f"{root}/live" if live else root
            query = {"skipInvalidFiles": "false"} if files else {}
            body: Any = payloads.update(entries)
        else:
            [(item, _, fields)] = entries
            url = f"{root}/{quote(item, safe='')}"
            query = {"live": "true"} if live else {}
            body = {"fields": fields}
        return self._ask("PATCH", url, query, body, seconds=seconds, not_after=not_after)

    def create(
        self,
        collection: str,
        items: Sequence[Mapping[str, Any]],
        *,
        live: bool,
        files: bool = False,
        seconds: float = SECONDS,
        not_after: float = float("inf"),
    ) -> Answer:
        """
        Create *items*, slug → value with the status flags. Not idempotent: never retry it blindly.

        https://developers.webflow.com/data/reference/cms/collection-items/staged-items/create-items
        https://developers.webflow.com/data/v1.0.0/reference/cms/items/create-item
        """
        _check_number(items, self._most)
        url = f"{_collection(collection)}/items"
        if self._v2:
            url = f"{url}/live" if live else url
            query = {"skipInvalidFiles": "false"} if files else {}
            body: Any = {"items": [payloads.entry(fields) for fields in items]}
        else:
            query = {"live": "true"} if live else {}
            body = {"fields": items[0]}
        return self._ask("POST", url, query, body, seconds=seconds, not_after=not_after)

    def withdraw(
        self,
        collection: str,
        items: payloads.Named,
        *,
        live: bool,
        seconds: float = SECONDS,
        not_after: float = float("inf"),
    ) -> Answer:
        """
        Delete items; with *live*, only their live copies, which makes them drafts.

        https://developers.webflow.com/data/reference/cms/collection-items/staged-items/delete-items
        https://developers.webflow.com/data/v1.0.0/reference/cms/items/remove-item
        """
        _check_number(items, self._most)
        url = f"{_collection(collection)}/items"
        if self._v2:
            body: Any = {"items": payloads.named(items)}
            url, query = (f"{url}/live" if live else url), {}
        else:
            body, url = None, f"{url}/{quote(str(items[0]), safe='')}"
            query = {"live": "true"} if live else {}
        return self._ask("DELETE", url, query, body, seconds=seconds, not_after=not_after)

    def publish(
        self,
        collection: str,
        items: payloads.Named,
        *,
        seconds: float = SECONDS,
        not_after: float = float("inf"),
    ) -> Answer:
        """Publish staged copies: ``answer.published``; ``answer.errors`` for the other items."""
        url, body = f"{_collection(collection)}/items/publish", publish_payloads.items(items)
        method = "POST" if self._v2 else "PUT"
        return self._ask(method, url, {}, body, seconds=seconds, not_after=not_after)

    def publish_site(
        self, site: str, domains: Sequence[str], *, subdomain: bool, not_after: float = float("inf")
    ) -> Answer:
        """Publish all that is queued on the site; for the domains see `publish_payloads`. v2."""
        url, body = (
            f"/sites/{quote(site, safe='')}/publish",
            publish_payloads.site(domains, subdomain),
        )
        return self._ask("POST", url, {}, body, seconds=SECONDS, not_after=not_after)

    def get_collection(
        self, collection: str, *, seconds: float = SECONDS, not_after: float = float("inf")
    ) -> Answer:
        """Read a collection's schema: ``answer.schema``."""
        url = _collection(collection)
        return self._ask("GET", url, {}, None, seconds=seconds, not_after=not_after)

    def list_sites(self, *of: str, not_after: float = float("inf")) -> Answer:
        """Read the sites that the token can see, one site by its id, or its ``"collections"``."""
        url = "/".join(["/sites", *(quote(part, safe="") for part in of)])
        return self._ask("GET", url, {}, None, seconds=SECONDS, not_after=not_after)

    def get_authorization(self, *, not_after: float = float("inf")) -> Answer:
        """Read what the token of an app may do: ``answer.scopes``; v1 has no such call."""
        return self._ask("GET", "/token/introspect", {}, None, seconds=SECONDS, not_after=not_after)

    def list_items(
        self,
        collection: str,
        *,
        offset: int = 0,
        since: str | None = None,
        edited: bool = False,
        live: bool = False,
        where: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
        not_after: float = float("inf"),
    ) -> Answer:
        """
        Read one page of items: ``answer.items``, ``answer.total``. *where*: further parameters.

        v2 lists the oldest first; *since* limits it to items created at or after that time, or,
        with *edited*, updated since then, the newest first. Never sorted by the time of the edit:
        items that move between pages would be skipped. v1 has no order, no filters and no live
        copies.
        """
        query = {"offset": str(offset), "limit": str(PAGE), **(where or {})}
        if self._v2:
            query |= {"sortBy": "createdOn", "sortOrder": "desc" if edited else "asc"}
            query |= {f"{'lastUpdated' if edited else 'createdOn'}[gte]": since} if since else {}
        url = f"{_collection(collection)}/items{'/live' if live else ''}"
        return self._ask("GET", url, query, None, seconds=seconds, not_after=not_after)

    def find_items(
        self, collection: str, query: Mapping[str, str], *, not_after: float = float("inf")
    ) -> Answer:
        """Read the staged copies of up to 100 items that match *query*; v1 cannot filter."""
        url, query = f"{_collection(collection)}/items", {**query, "limit": str(PAGE)}
        return self._ask("GET", url, query, None, seconds=SECONDS, not_after=not_after)

    def find_slug(self, collection: str, slug: str, *, not_after: float = float("inf")) -> Answer:
        """Read the item whose staged copy has *slug*, if any; v1 cannot filter."""
        return self.find_items(collection, {"slug": slug}, not_after=not_after)

    def get_item(
        self,
        collection: str,
        item: str,
        *,
        locale: str = "",
        live: bool = False,
        seconds: float = SECONDS,
        not_after: float = float("inf"),
    ) -> Answer:
        """Read the staged or live copy of an item, or of its variant: ``answer.items[item]``."""
        url = f"{_collection(collection)}/items/{quote(item, safe='')}{'/live' if live else ''}"
        query = {"cmsLocaleId": locale} if locale else {}
        return self._ask("GET", url, query, None, seconds=seconds, not_after=not_after)

    def _ask(
        self,
        method: str,
        url: str,
        query: Mapping[str, str],
        body: Any,
        *,
        seconds: float,
        not_after: float,
    ) -> Answer:
        url, data = self._root + url, None if body is None else dumps(body).encode()
        if not self._sendable:
            raise DestinationError("the token holds characters that no header takes", sent=False)
        self._deadline.start(seconds, not_after)
        try:
            return self._exchange(method, url, query, data)
        except FAILURES as error:
            reason = self._mask.text(self._deadline.reason or innermost(error))
            raise DestinationError(f"{method} {url}: {reason}", sent=self._deadline.sent) from error
        finally:
            self._deadline.stop()

    def _exchange(
        self, method: str, url: str, query: Mapping[str, str], data: bytes | None
    ) -> Answer:
        request = requests.Request(method, url, params=query, data=data)
        if data is not None:
            request.headers["Content-Type"] = "application/json"
        prepared = self._session.prepare_request(request)
        address = str(prepared.url)
        settings: dict[str, Any] = {}
        settings |= self._session.merge_environment_settings(address, {}, True, None, None)
        with self._session.send(prepared, allow_redirects=False, **settings) as response:
            body = read_body(response, LARGEST)
        if self._deadline.expired:  # a body without a length ends where the socket was closed
            raise OSError("the time is up")
        lower = {name.lower(): value for name, value in response.headers.items()}
        return read(response.status_code, lower, body, self._mask)


def _check_number(items: Sized, most: int) -> None:
    if not 1 <= len(items) <= most:
        raise ValueError(f"{len(items)} items do not fit in one request")


def _collection(collection: str) -> str:
    return f"/collections/{quote(collection, safe='')}"

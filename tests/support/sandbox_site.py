"""A stand-in on a free port, a clock that tests set, and clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import requests
from webflow import Webflow
from webflow.environment import WebflowEnvironment

from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.server import start, stop
from service.sandbox.site.site import SITE_ID, Site
from tests.support.seeded import seed_products

TOKEN = "a-token"
THINGS = "65f0000000000000000000ff"

FIELDS = [
    {"slug": "line", "type": "PlainText", "validations": {"singleLine": True, "maxLength": 9}},
    {"slug": "long", "type": "PlainText", "validations": {"minLength": 3}},
    {"slug": "must", "type": "PlainText", "isRequired": True},
    {"slug": "html", "type": "RichText"},
    {"slug": "whole", "type": "Number", "validations": {"format": "integer", "maxValue": 9}},
    {"slug": "above", "type": "Number", "validations": {"allowNegative": False, "minValue": 1}},
    {"slug": "day", "type": "DateTime"},
    {"slug": "time", "type": "DateTime", "validations": {"format": "date-time"}},
    {"slug": "on", "type": "Switch"},
    {"slug": "tint", "type": "Color"},
    {"slug": "kind", "type": "Option", "options": ["Old", "New"]},
    {"slug": "film", "type": "VideoLink"},
    {"slug": "site", "type": "Link"},
    {"slug": "mail", "type": "Email"},
    {"slug": "call", "type": "Phone"},
    {"slug": "picture", "type": "Image"},
    {"slug": "pictures", "type": "MultiImage"},
    {"slug": "paper", "type": "File"},
    {"slug": "maker", "type": "Reference", "validations": {"collectionId": PRODUCTS}},
    {"slug": "peer", "type": "Reference", "validations": {"collectionId": THINGS}},
    {"slug": "makers", "type": "MultiReference", "validations": {"collectionId": PRODUCTS}},
]


@dataclass
class Clock:
    """Seconds since 1970, as the test says; steps forward only when told."""

    at: float = 1_795_000_000.0  # in November 2026

    def __call__(self) -> float:
        return self.at


@dataclass
class Client:
    """Calls of one API, with a valid token; paths begin at the collection of products."""

    session: requests.Session
    root: str
    base: str
    headers: dict[str, str]

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        more = {"headers": self.headers, "timeout": 30, "allow_redirects": False, **more}
        url = path if path.startswith("http") else f"{self.base}{path}"
        return self.session.request(method, url, json=body, **more)

    def get(self, path: str = "", **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def patch(self, path: str, body: Any, **query: Any) -> requests.Response:
        return self.call("PATCH", path, body, params=query)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, f"{self.root}/_sandbox{path}", body)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def fault(self, fault: str, **more: Any) -> None:
        self.control("POST", "/faults", {"fault": fault, **more})

    def field(self, slug: str, n: int = 1, copy: str = "staged") -> Any:
        """What the store holds for a field of the n-th product."""
        items = self.control("GET", "/items")["items"]
        return next(one for one in items if one["id"] == product_id(n))[copy]["fieldData"].get(slug)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(clock: Clock) -> Site:
    made = Site(token=TOKEN, requests_per_minute=60, now=clock)
    seed_products(made, 120)
    return made


@pytest.fixture
def url(site: Site) -> Iterator[str]:
    server = start(site)
    yield server.url
    stop(site, server)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        yield made


@pytest.fixture
def v2(session: requests.Session, url: str) -> Client:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return Client(session, url, f"{url}/v2/collections/{PRODUCTS}", headers)


@pytest.fixture
def v1(session: requests.Session, url: str) -> Client:
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Version": "1.0.0"}
    return Client(session, url, f"{url}/collections/{PRODUCTS}", headers)


@dataclass
class Things:
    """Two items with fields of every type; a call of this writes one field of one of them."""

    collection: str
    ids: list[str]
    fields: list[dict[str, Any]]

    def __call__(
        self, client: Client, slug: str, value: Any, *, item: str | None = None, **query: Any
    ) -> requests.Response:
        wrapper = "fieldData" if client.base.startswith(f"{client.root}/v2") else "fields"
        return client.patch(self.path(client, item), {wrapper: {slug: value}}, **query)

    def path(self, client: Client, item: str | None = None) -> str:
        base = client.base.replace(PRODUCTS, self.collection)
        return f"{base}/items/{item or self.ids[0]}"

    def read(self, client: Client) -> dict[str, Any]:
        """The fields of the first, as they are read back."""
        found = client.get(self.path(client)).json()
        return found["fieldData"] if "fieldData" in found else found["items"][0]


@pytest.fixture
def things(v2: Client) -> Things:
    items = [{"name": "One", "slug": "one", "must": "x"}, {"name": "2", "slug": "two", "must": "x"}]
    order = {"id": THINGS, "fields": FIELDS, "items": items}
    made = v2.control("POST", "/collections", order)
    return Things(made["id"], made["items"], FIELDS)


@pytest.fixture
def official_with(url: str) -> Iterator[Callable[[str], Webflow]]:
    """Makes Webflow's own client with a token."""
    place = WebflowEnvironment(
        base=f"{url}/v2", data_api=f"{url}/v2", content_delivery_api=f"{url}/v2"
    )
    with httpx.Client(trust_env=False, timeout=30) as session:
        yield lambda token: Webflow(access_token=token, environment=place, httpx_client=session)


@pytest.fixture
def official(official_with: Callable[[str], Webflow]) -> Webflow:
    return official_with(TOKEN)


@pytest.fixture
def locales(official: Webflow) -> list[str]:
    """The ids that items know the site's locales by, the primary one first."""
    found = official.sites.get(SITE_ID).locales
    return [one.cms_locale_id for one in (found.primary, *found.secondary)]

"""
What Schemathesis is told about the sandbox: ids that exist, and a new collection for every call.

Of its own it would name ids that nothing has, and see nothing but 404.
"""

import json
import random
from collections import Counter, defaultdict

import requests
import schemathesis

from service.sandbox.site.site import SITE_ID

FIELDS = [
    {"slug": "price", "type": "Number", "displayName": "Price"},
    {"slug": "in-stock", "type": "Switch", "displayName": "In stock"},
    {"slug": "photo", "type": "Image", "displayName": "Photo"},
    {"slug": "film", "type": "VideoLink", "displayName": "Film"},
    {"slug": "day", "type": "DateTime", "displayName": "Day"},
    {"slug": "mood", "type": "Option", "displayName": "Mood", "options": ["Glad", "Sad"]},
]
ODD = (None, "", "x" * 300, 0, -1.5, 1e308, True, [], {}, [None], {"url": 1}, "2025-02-30", "\x00")


class World:
    """
    The sandbox as the calls meet it.

    Args:
        control: Address of its control API; empty until the run begins.
        answers: By operation, how often each status came.
    """

    def __init__(self):
        self.control = ""
        self.answers = defaultdict(Counter)
        self._chance = random.Random(4)  # noqa: S311  # the same in every run
        self._session = requests.Session()
        self._session.trust_env = False
        self._headers = {}
        self._collections = {}  # by case
        self._made = 0

    def begin(self, url, token):
        self.control = f"{url}/_sandbox"
        self._url, self._headers = f"{url}/v2", {"Authorization": f"Bearer {token}"}

    def place(self, case):
        """Let most of the calls name what exists; every call has a collection of its own."""
        self._made += 1
        order = {"name": f"Shelf {self._made}", "slug": f"shelf-{self._made}", "items": 3}
        made = self._ask("POST", f"{self.control}/collections", order | {"fields": FIELDS})
        self._collections[case.id] = made["id"]
        if self._chance.random() < 0.2:
            return  # what was made up stays
        known = {"site_id": SITE_ID, "collection_id": made["id"], "item_id": made["items"][0]}
        if "field_id" in (case.path_parameters or {}):
            found = self._ask("GET", f"{self._url}/collections/{made['id']}")
            known["field_id"] = found["fields"][-1]["id"]
        for name in case.path_parameters or {}:
            case.path_parameters[name] = known.get(name, case.path_parameters[name])
        if isinstance(case.body, dict):
            self._settle(case.body, made)

    def after(self, case, response):
        self.answers[case.operation.definition.raw["operationId"]][response.status_code] += 1
        id = self._collections.pop(case.id, None)
        self._session.delete(f"{self.control}/collections/{id}", timeout=30)  # it may be gone

    def _settle(self, body, made):
        """Put ids that exist, and fields that the collection has, in the place of some."""
        entries = body.get("items")
        for entry in [body, *(entries if isinstance(entries, list) else ())]:
            if isinstance(entry, dict):
                if "id" in entry:
                    entry["id"] = self._chance.choice(made["items"])
                if self._chance.random() < 0.8:
                    entry.pop("cmsLocaleId", None)
                    entry.pop("cmsLocaleIds", None)
                self._fill(entry.get("fieldData"))
        if isinstance(body.get("itemIds"), list):
            body["itemIds"] = [self._chance.choice(made["items"]) for _ in body["itemIds"]]
        if "publishToWebflowSubdomain" in body:
            body.pop("customDomains", None)  # there is the subdomain to publish to
        if isinstance(body.get("metadata"), dict) and "collectionId" in body["metadata"]:
            body["metadata"]["collectionId"] = made["id"]

    def _fill(self, data):
        for one in data if isinstance(data, list) else [data]:
            if not isinstance(one, dict) or self._chance.random() < 0.2:
                continue
            named = {key: one[key] for key in ("name", "slug") if key in one}
            if self._chance.random() < 0.6:
                named = {key: f"{key}-{self._chance.getrandbits(40):x}" for key in named}
            one.clear()
            one.update(named)
            if self._chance.random() < 0.5:
                slug = self._chance.choice([field["slug"] for field in FIELDS])
                one[slug] = self._chance.choice(ODD)

    def _ask(self, method, url, order=None):
        answer = self._session.request(method, url, json=order, headers=self._headers, timeout=30)
        answer.raise_for_status()
        return json.loads(answer.content)


WORLD = World()


@schemathesis.hook
def before_call(context, case, kwargs):  # noqa: ARG001  # by these names it is called
    if WORLD.control:
        WORLD.place(case)


@schemathesis.hook
def after_call(context, case, response):  # noqa: ARG001  # the same
    if WORLD.control:
        WORLD.after(case, response)

"""
A small CMS that speaks v1 and v2 over one set of items, and does what a test tells it to.

Every request is kept with its time, body and status. ``fault`` is asked before each request:
a Fault says what happens instead.
"""

import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.support.webhook_listener import listen

TOKEN = "the-token"
COLLECTION = "65f000000000000000000001"
WINDOW = 60.0  # s
SCHEMA = {
    "name": "PlainText",
    "sku": "PlainText",
    "title": "PlainText",
    "stock": "Number",
    "in-stock": "Switch",
    "photo": "Image",
}


@dataclass
class Fault:
    """Instead of the usual answer: *status*; or none at all; *late*: the write lands after s."""

    status: int | None = None
    body: dict = field(default_factory=dict)
    late: float | None = None


def item_id(number):
    return f"66{number:022x}"


class Refused(Exception):
    def __init__(self, status, code, message, problems=()):
        super().__init__(message)
        self.status, self.code, self.message, self.problems = status, code, message, problems


class StandIn:
    """
    Args:
        count: Items, with the keys sku-0, sku-1, …
        limit: Requests per window of 60 s, which the first request opens.
    """

    def __init__(self, count=10, *, limit=60):
        self.limit = limit
        self.token = TOKEN
        self.fault = lambda _: None
        self.refused = {}  # (item id, slug) → the words
        self.delay = 0.0  # s, before each answer
        self.requests = []
        self.writes = []  # (item id, fields), as they landed
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.closes, self.left, self.files = 0.0, limit, 0
        self.staged = {item_id(n): self._fresh(n) for n in range(count)}
        self.live = {key: dict(value) for key, value in self.staged.items()}
        self.created = {
            item_id(n): f"2025-01-01T00:{n // 60 % 60:02}:{n % 60:02}.000Z" for n in range(count)
        }
        self.updated = {}  # item id → lastUpdated, of those that were written
        self.server = listen(self)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def _fresh(self, number):
        return {"name": f"Item {number}", "slug": f"item-{number}", "sku": f"sku-{number}"}

    def close(self):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()

    def calls(self, method=None, *, status=None):
        with self.lock:
            return [
                each
                for each in self.requests
                if method in (None, each.method) and status in (None, each.status)
            ]

    def answer(self, request):
        """Return status, headers and body; None: no answer at all."""
        fault = self.fault(request)
        if fault is not None and fault.status is None:
            if fault.late is not None:
                threading.Timer(fault.late, self._late, (request,)).start()
            self.stopping.wait(120)
            return None
        with self.lock:
            headers = self._window(request)
            if fault is not None:
                return fault.status, headers, fault.body
            try:
                self._admit(request, headers)
                return 200, headers, self._serve(request)
            except Refused as refusal:
                return refusal.status, headers, _error(refusal, request)

    def _late(self, request):
        if not self.stopping.is_set():
            with self.lock:
                self._serve(request)

    def _window(self, request):
        now = time.monotonic()
        if now >= self.closes:
            self.closes, self.left = now + WINDOW, self.limit
        self.left -= 1
        headers = {"X-RateLimit-Limit": self.limit, "X-RateLimit-Remaining": max(0, self.left)}
        if request.path.startswith("/v2/"):
            headers["Retry-After"] = max(1, round(self.closes - now))
        return headers

    def _admit(self, request, headers):
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise Refused(401, "not_authorized", "Request not authorized")
        if self.left < 0:
            raise Refused(429, "too_many_requests", "Too Many Requests")

    def _serve(self, request):
        found = re.fullmatch(
            r"(/v2)?/collections/(\w+)(/items)?(/[0-9a-f]{24})?(/live)?", request.path
        )
        if not found:
            raise Refused(404, "resource_not_found", f"Route not found: {request.path}")
        v2, collection, items, item, live = found.groups()
        if collection != COLLECTION:
            raise Refused(404, "resource_not_found", "Requested resource not found: collection")
        if request.method == "PATCH":
            return self._patch(request, bool(v2), bool(live) or "live" in request.query)
        if request.method == "POST":
            return self._post(request, bool(v2), bool(live) or "live" in request.query)
        if not items:
            fields = [
                {
                    "id": slug,
                    "slug": slug,
                    "type": kind,
                    "isEditable": True,
                    "isRequired": False,
                    "displayName": slug,
                    "name": slug,
                }
                for slug, kind in SCHEMA.items()
            ]
            return {"id": COLLECTION, "slug": "products", "fields": fields}
        if item:
            return self._shown(item[1:], v2, self.staged)
        return self._listing(request, v2)

    def _listing(self, request, v2):
        offset, limit = (
            int(request.query.get(name, default))
            for name, default in (("offset", 0), ("limit", 100))
        )
        since, edited = (
            request.query.get(f"{name}[gte]", "") for name in ("createdOn", "lastUpdated")
        )
        ids = [
            key
            for key in sorted(self.staged)
            if self.created[key] >= since and self._edited(key) >= edited
        ]
        page = [self._shown(key, v2, self.staged) for key in ids[offset : offset + limit]]
        place = {"limit": limit, "offset": offset, "total": len(ids)}
        return {"items": page, **({"pagination": place} if v2 else {**place, "count": len(page)})}

    def _patch(self, request, v2, live):
        sent = request.items
        for key, fields in sent.items():
            if key not in self.staged:
                raise Refused(404, "resource_not_found", "Requested resource not found")
            problems = [
                (slug, self.refused[key, slug]) for slug in fields if (key, slug) in self.refused
            ]
            problems += [
                (slug, "Field not described in schema")
                for slug in fields
                if slug not in SCHEMA and slug not in ("_archived", "_draft")
            ]
            if problems:
                raise Refused(400, "validation_error", "Validation Error", problems)
        for key, fields in sent.items():
            kept = {slug: self._kept(slug, value) for slug, value in fields.items()}
            self.writes.append((key, kept))
            self._store(key, kept, live)
        shown = [self._shown(key, v2, self.staged) for key in sent]
        return {"items": shown} if v2 else shown[0]

    def _post(self, request, v2, live):
        """Create items, all or none: a slug is unique."""
        sent = [entry["fieldData"] for entry in request.body["items"]] if v2 else []
        sent = sent or [request.body["fields"]]
        slugs = [each["slug"] for each in (*self.staged.values(), *sent)]
        if len(set(slugs)) < len(slugs):
            problem = ("slug", "Unique value is already in database")
            raise Refused(400, "validation_error", "Validation Error", [problem])
        ids = [item_id(len(self.staged) + n) for n in range(len(sent))]
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for key, fields in zip(ids, sent, strict=True):
            self.staged[key], self.created[key] = {}, at
            if live:
                self.live[key] = {}
            self.writes.append((key, fields))
            self._store(key, fields, live)
        shown = [self._shown(key, v2, self.staged) for key in ids]
        return {"items": shown} if v2 else shown[0]

    def _store(self, key, fields, live):
        now = datetime.now(UTC)
        last = self.updated.get(key)
        self.updated[key] = max(now, last + timedelta(milliseconds=1)) if last else now
        self.staged[key] |= fields
        if live:
            self.live[key] |= fields

    def edit(self, key, **fields):
        """Write an item by hand, as an editor, in the very next millisecond."""
        with self.lock:
            self.updated[key] = self.updated[key] + timedelta(milliseconds=1)
            self.staged[key] |= fields
            self.live[key] |= fields

    def event(self, key, *, trigger="collection_item_changed"):
        """What its webhook tells of an item, as it is now."""
        with self.lock:
            shown = self._shown(key, True, self.staged)
        payload = {"workspaceId": "w", "siteId": "s", "collectionId": COLLECTION, **shown}
        return {"triggerType": trigger, "payload": payload}

    def _kept(self, slug, value):
        if slug != "photo" or value is None:
            return value
        given = value if isinstance(value, dict) else {"url": value}
        if "fileId" not in given:
            self.files += 1
            given = {"fileId": f"67{self.files:022x}"}
        return {**given, "url": f"https://cdn.example/{given['fileId']}.jpg", "alt": None}

    def _edited(self, key):
        at = self.updated.get(key)
        text = at.isoformat(timespec="milliseconds") if at else self.created[key]
        return text.replace("+00:00", "Z")

    def _shown(self, key, v2, copy):
        now = self._edited(key)
        if key not in copy:
            raise Refused(404, "resource_not_found", "Requested resource not found")
        if v2:
            return {
                "id": key,
                "cmsLocaleId": None,
                "lastPublished": now,
                "lastUpdated": now,
                "createdOn": self.created[key],
                "isArchived": False,
                "isDraft": False,
                "fieldData": dict(copy[key]),
            }
        return {
            "_id": key,
            "_cid": COLLECTION,
            "_archived": False,
            "_draft": False,
            "updated-on": now,
            "created-on": self.created[key],
            "published-on": now,
            **copy[key],
        }


def _error(refusal, request):
    if request.path.startswith("/v2/"):
        details = [{"param": slug, "description": words} for slug, words in refusal.problems]
        return {
            "message": refusal.message,
            "code": refusal.code,
            "externalReference": None,
            "details": details,
        }
    name = {400: "ValidationError", 401: "Unauthorized", 404: "NotFound", 429: "RateLimit"}
    name = name[refusal.status]
    message = "Validation Failure" if refusal.problems else refusal.message
    told = {
        "msg": message,
        "code": refusal.status,
        "name": name,
        "path": request.path,
        "err": f"{name}: {message}",
    }
    if refusal.problems:
        told["problems"] = [f"Field '{slug}': {words}" for slug, words in refusal.problems]
        told["problem_data"] = [{"slug": s, "msg": words} for s, words in refusal.problems]
    return told

"""A paged HTTP API whose list can change, and whose answers can fail, while it is read."""

import json
from urllib.parse import parse_qs, urlsplit

from service.fetchers.responses import Answer
from tests.support.http_server import Server, respond
from workers.config.pull import Pull

SIZE = 4  # of a page, where a list changes


class PagedApi:
    """
    Args:
        records: The list, as payloads; it may be changed at any moment.
        page: As `Pull.page`.
        total: Whether an answer says how many there are.
        each: Called with the number of the request before it is answered; what it returns is
            answered instead: a dict as JSON, or bytes as they are.
    """

    def __init__(self, records, *, page="number", size=10, total=False, each=lambda _: None):
        self.records, self.page, self.size, self.total = list(records), page, size, total
        self.each = each
        self.calls = 0
        self.queries = []

    def options(self, url):
        """What `[pulls.NAME]` says about it."""
        options = {"url": f"{url}/products", "items": "data", "requests_per_minute": 600_000}
        options |= {"page": self.page} if self.page else {}
        if self.page in ("number", "offset", "cursor"):
            options |= {"parameter": self.page}
        if self.page in ("number", "offset"):
            options |= {"size": self.size}
        return options | ({"cursor": "next"} if self.page == "cursor" else {})

    def pull(self, url="http://127.0.0.1:1"):
        return Pull("feed", **self.options(url))

    def planned(self, count=None):
        """How many calls one reading takes."""
        count = len(self.records) if count is None else count
        full, rest = divmod(count, self.size)
        if not self.page:
            return 1
        if self.page in ("cursor", "link") or self.total:
            return max(1, full + bool(rest))
        # An empty page ends it, unless a page after the first is short.
        return full + 1 if full else 1 + bool(rest)

    def answer(self, url, headers=None):
        """Return status, headers and body."""
        self.calls += 1
        self.queries.append({k: v[0] for k, v in parse_qs(urlsplit(url).query).items()})
        instead = self.each(self.calls)
        if isinstance(instead, bytes | tuple):
            return instead if isinstance(instead, tuple) else (200, {}, instead)
        begin, found = self._page(self.queries[-1])
        document = {"data": found} | ({"total": len(self.records)} if self.total else {})
        more = begin + self.size < len(self.records)
        headers = {}
        if self.page == "cursor":
            document["next"] = str(begin + self.size) if more else None
        if self.page == "link" and more:
            base = url.partition("?")[0]
            headers["Link"] = f'<{base}?offset={begin + self.size}>; rel="next"'
        return 200, headers, json.dumps(document if instead is None else instead).encode()

    def _page(self, query):
        if not self.page:
            return 0, self.records
        if self.page == "number":
            begin = (int(query["number"]) - 1) * self.size
        else:
            begin = int(query.get(self.page, query.get("offset", 0)))
        return begin, self.records[begin : begin + self.size]


class Changing:
    """Between two requests it changes *api* at random, and keeps what was there all the time."""

    def __init__(self, api, rng, changes, faults):
        self.api, self.rng, self.changes, self.faults = api, rng, changes, faults
        self.new = 1000
        self.always = self.keys()
        # Once: a source that twice says the same wrong thing at the same place cannot be told
        # from one that has lost the records. The guard is for that.
        self.lies = [b'{"data": []}', b'{"data": [], "total": 0}']

    def keys(self):
        return {each["sku"] for each in self.api.records}

    def __call__(self, call):
        if call > 1:
            for _ in range(self.rng.choice([0, 0, 1, 2])):
                if self.changes:
                    self.changes -= 1
                    self.change()
        self.always &= self.keys()
        if self.faults and self.rng.random() < 0.2:
            self.faults -= 1
            lies, self.lies = self.lies, []
            return self.rng.choice(
                [
                    *lies,
                    (404, {}, b""),
                    b"",
                    b'{"data": [{"sku": "P-0001"}',
                    b'{"data": [], "next": null, "error": "x"}',
                    {"data": self.api.records[:SIZE], "next": "4"},
                ]
            )
        return None

    def change(self):
        records, rng = self.api.records, self.rng
        kind = rng.choice(["delete", "insert", "move", "edit"])
        index = rng.randrange(len(records)) if records else 0
        if kind == "insert" or not records:
            self.new += 1
            records.insert(index, product(self.new))
        elif kind == "delete":
            del records[index]
        elif kind == "move":
            records.insert(rng.randrange(len(records)), records.pop(index))
        else:
            records[index] = records[index] | {"qty": rng.randrange(9)}


class FakeRequester:
    """Asks *api* without a network; an answer that is none raises *failure*."""

    def __init__(self, api, failure):
        self.api, self.failure, self.moved = api, failure, lambda: None

    @property
    def calls(self):
        return self.api.calls

    def get(self, url, body, headers=None):
        status, own, found = self.api.answer(url, headers)
        if status not in (200, 304):
            raise self.failure(f"the source answers {status}")
        lower = {name.lower(): value for name, value in own.items()}
        return Answer(status, {"content-length": str(len(found))} | lower, found)

    def same_host(self, url):
        return True


def serve(api):
    """Return a server of *api*, to be entered."""

    def answer(connection):
        request = server.requests[-1]
        status, headers, body = api.answer(f"{server.url}{request.target}", request.headers)
        lines = (f"{name}: {value}" for name, value in headers.items())
        connection.sendall(respond(status, body, *lines))

    server = Server(answer)
    return server


def products(count, *, begin=1):
    return [product(n) for n in range(begin, begin + count)]


def product(n, **fields):
    return {"sku": f"P-{n:04d}", "name": f"Product {n}", "qty": n} | fields

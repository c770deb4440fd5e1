"""What a stand-in CMS makes of filters by field: it answers, is behind its writes, or has none."""

import copy
import json
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode

REFUSAL = {"message": "BadArgument: unknown parameter", "code": "BadArgument", "details": []}


class Filters:
    """
    Args:
        collection: The collection whose past is kept.
        now: The CMS's clock.

    Attributes:
        mode: "answered"; "refused" with 400; "ignored": all items are listed; "empty": none is;
            "broken": with 500.
        lag: Seconds by which answers are behind what was written.
    """

    def __init__(self, collection, now):
        self.collection, self.now = collection, now
        self.mode, self.lag = "answered", 0.0
        self._past = []  # (seconds, id → item), oldest first

    def answer(self, app, environ, start_response):
        self.keep()
        query = parse_qsl(environ["QUERY_STRING"])
        if not any(name.startswith("filter[") for name, _ in query):
            return app(environ, start_response)
        if self.mode in ("refused", "broken"):
            status = "400 Bad Request" if self.mode == "refused" else "500 Internal Server Error"
            start_response(status, [("Content-Type", "application/json")])
            return [json.dumps(REFUSAL).encode()]
        if self.mode == "empty":
            query = [("slug", "there is no such slug"), *_without_filters(query)]
        elif self.mode == "ignored":
            query = _without_filters(query)
        with self._some_time_ago():
            return list(app({**environ, "QUERY_STRING": urlencode(query)}, start_response))

    def keep(self):
        """Remember what there is now; call it after an edit as well."""
        if self.lag or self._past:
            items = self.collection.items
            self._past.append((self.now(), {id: copy.copy(item) for id, item in items.items()}))

    @contextmanager
    def _some_time_ago(self):
        then = [held for at, held in self._past if at <= self.now() - self.lag]
        if not self.lag or not self._past:
            yield
            return
        variants = self.collection.variants()
        held, variants.items = variants.items, then[-1] if then else self._past[0][1]
        try:
            yield
        finally:
            variants.items = held


def _without_filters(query):
    return [(name, value) for name, value in query if not name.startswith("filter[")]

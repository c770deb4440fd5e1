"""A way out to a stand-in CMS, with write-backs beside it: to a SQLite file, or to a sink."""

import json
import sqlite3
from dataclasses import replace

from tests.support.delivery_rig import Way
from workers.config.writeback import WriteBack
from workers.delivery.writeback import DatabaseTarget, HttpTarget, Teller
from workers.errors import OutgoingError
from workers.outgoing.http_request import Reply

NEW = {"missing": "create"}
STATEMENT = (
    "UPDATE products SET webflow_id = :item, slug = :slug, state = :state, problem = :problem, "
    "at = :at, writes = writes + 1 WHERE sku = :key"
)


class Sink:
    """Takes requests as ``http_request.request`` does; *answers*: statuses, the last one stays."""

    def __init__(self, *answers):
        self.answers = list(answers) or [200]
        self.requests = []
        self.before = lambda: None
        self.choose = None

    def __call__(self, method, address, *, body, headers, secrets, seconds):
        self.before()
        self.requests.append((method, address.url, body, headers))
        if self.choose and (status := self.choose(address.url)):
            return Reply(status, "said")
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, OutgoingError):
            raise answer
        if answer is None:
            raise OutgoingError(f"{method} {address}: no whole answer within 10 s")
        return answer if isinstance(answer, Reply) else Reply(answer, "said")

    @property
    def ids(self):
        return [headers["webhook-id"] for *_, headers in self.requests]


class Shop:
    """A table of products, as the system that the records come from has it."""

    def __init__(self, path):
        self.path = path
        self.db = sqlite3.connect(path)
        self.db.execute(
            "CREATE TABLE products (sku TEXT PRIMARY KEY, webflow_id TEXT, slug TEXT, state TEXT, "
            "problem TEXT, at TEXT, writes INTEGER DEFAULT 0)"
        )
        self.db.commit()

    def add(self, *keys):
        self.db.executemany("INSERT INTO products (sku) VALUES (?)", [(key,) for key in keys])
        self.db.commit()

    def row(self, key):
        """webflow_id, slug, state, problem and how often the row was written."""
        query = "SELECT webflow_id, slug, state, problem, writes FROM products WHERE sku = ?"
        return self.db.execute(query, (key,)).fetchone()


class Telling(Way):
    """
    *writebacks*: options of `WriteBack` by name; what has no url and no sql tells its `sinks`.
    """

    def __init__(self, store, *, writebacks, by="key", collection=None, **options):
        super().__init__(store, by=by, collection=collection or NEW, **options)
        self.sinks = {}
        built = {}
        for name, given in writebacks.items():
            known = {"collection": "products"} | given
            if "sql" not in known:
                self.sinks[name] = Sink()
                known = {"url": f"https://{name}.example/{{key}}"} | known
            built[name] = WriteBack(name, **known)
        self.configured(built)

    def configured(self, writebacks):
        """Start anew with other write-backs."""
        self.settings = replace(self.settings, writebacks=writebacks)
        self.begin()

    def teller(self, name):
        own = self.settings.writebacks[name]
        target = HttpTarget(own, self.sinks[name], self.now) if own.url else DatabaseTarget(own)
        return Teller(
            self.context.writebacks, own, target=target, spread=lambda: 0.5, ticks=self.moved
        )

    def tell(self, name="shop", seconds=7200.0):
        """Tell until nothing is left to be told, or *seconds* have passed."""
        teller, till = self.teller(name), self.now() + seconds
        for _ in range(500):
            wait = teller.step()
            if wait is None or self.now() + wait > till:
                return
            self.pass_time(wait)
        raise AssertionError("500 steps and no end")

    def waiting(self, name="shop"):
        return self.store.zcard(f"instep:writeback-due:{name}")


def told(way, name="shop"):
    """The messages that the sink *name* was sent."""
    return [json.loads(body) for _, _, body, _ in way.sinks[name].requests]


def events(way, name="shop"):
    return [each["event"] for each in told(way, name)]

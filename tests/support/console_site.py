"""The console on a loaded store: the addresses of all its pages, in a client or by HTTP."""

import os
import threading
from contextlib import contextmanager
from urllib.parse import urlencode

from werkzeug.serving import WSGIRequestHandler, make_server

from service.console.pages import existing
from service.operate.deliveries import list_deliveries
from service.operate.problems import list_problems
from tests.support.api_rig import MAPPINGS, TOML, Rig
from tests.support.console_load import NAMES, load
from workers.runtime import heartbeats
from workers.runtime.heartbeats import Process
from workers.store import keys

_MORE = """
[store]
durability = "unverified"
[collections.products.guard]
at_most = 1
percent = 0.1
"""
# Records are shown by their field "name".
_NAMED = MAPPINGS.replace("title = fields.String()", 'name = fields.String(data_key="title")')
_PROCESSES = [Process(role, os.getpid()) for role in ("supervisor", "web", "worker")]


class ConsoleSite:
    """
    Args:
        size: A `Load`.
    """

    def __init__(self, folder, store_socket, size):
        self.rig = Rig(folder, store_socket, toml=TOML + _MORE, mappings=_NAMED)
        self.app, self.context = self.rig.app, self.rig.context
        load(self.rig, size)
        self._beat()
        self._closing = threading.Event()

    def _beat(self):
        heartbeats.beat(self.context.steps.client, _PROCESSES)

    def _live(self):
        while not self._closing.wait(2):
            self._beat()

    def close(self):
        self.rig.close()

    def addresses(self):
        """Return name → path of every page, and of one of each thing that has a page."""
        found = {"login": "/login"}  # comes first: nobody is logged in
        found |= {page.title.lower(): page.path for page in existing()}
        found |= {"error": "/settings/none", "audit": "/settings/audit"}
        found |= dict(self._details())
        return found

    def _details(self):
        for problem in list_problems(self.context, limit=1).items:
            yield "problem", f"/problems/{problem['id']}"
            yield "failure", f"/problems/failures/{problem['example']}"
        for name, (key, _) in zip(("record", "record to the left"), NAMES, strict=False):
            if self.context.steps.client.exists(keys.item("products", key)):
                asked = urlencode({"collection": "products", "key": key})
                yield name, f"/records/record?{asked}"
        runs = self.context.runs.list(limit=500)
        found = list_deliveries(
            self.context, source="erp", configuration=self.rig.configuration
        ).items
        yield from _ends(("run", "proposal"), "/runs", [run.id for run in runs])
        yield "source", "/sources/erp"
        ids = [each["id"] for each in found]
        yield from _ends(("delivery", "refused request"), "/sources/erp/deliveries", ids)

    @contextmanager
    def serve(self):
        """The URL of a server of the console, in a thread."""
        server = make_server("127.0.0.1", 0, self.app, True, request_handler=_Silent)
        self._closing.clear()
        threads = [threading.Thread(target=each) for each in (server.serve_forever, self._live)]
        for thread in threads:
            thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            self._closing.set()
            server.shutdown()
            for thread in threads:
                thread.join()
            server.server_close()


def _ends(names, path, ids):
    """The last and the first of what a list has, if it has any."""
    if ids:
        yield from zip(names, (f"{path}/{ids[-1]}", f"{path}/{ids[0]}"), strict=True)


class _Silent(WSGIRequestHandler):
    def log_request(self, *_):
        pass

"""The console on a loaded store: the addresses of all its pages, in a client or by HTTP."""

import json
import threading
from contextlib import contextmanager
from urllib.parse import urlencode

from werkzeug.serving import WSGIRequestHandler, make_server

from service.console.pages import existing
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
_PROCESSES = [Process(role, pid) for pid, role in enumerate(("supervisor", "web", "worker"), 2)]


class ConsoleSite:
    """
    Args:
        size: A `Load`.
    """

    def __init__(self, folder, store_socket, size):
        self.rig = Rig(folder, store_socket, toml=TOML + _MORE, mappings=_NAMED)
        load(self.rig, size)
        self._beat()
        self.app, self.context = self.rig.app, self.rig.context

    def _beat(self):
        """Let processes live for as long as anybody may look."""
        client = self.rig.context.steps.client
        heartbeats.beat(client, _PROCESSES)
        for name, text in client.hgetall(keys.PROCESSES).items():
            entry = json.loads(text)
            client.hset(keys.PROCESSES, name, json.dumps(entry | {"at": entry["at"] + 86_400}))

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
        problems = list_problems(self.context).items
        if problems:
            yield "problem", f"/problems/{problems[0]['id']}"
            yield "failure", f"/problems/failures/{problems[0]['example']}"
        for number in (0, 1):
            if self.shows("records") and self._holds(NAMES[number][0]):
                asked = urlencode({"collection": "products", "key": NAMES[number][0]})
                yield ("record", "record to the left")[number], f"/records/record?{asked}"
        runs = self.context.runs.list(limit=500) if self.shows("runs") else ()
        for name, each in (("run", runs[-1:]), ("proposal", runs[:1])):
            if each:
                yield name, f"/runs/{each[0].id}"
        if self.shows("sources"):
            yield "source", "/sources/erp"

    def shows(self, module):
        return any(page.module == module for page in existing())

    def _holds(self, key):
        return self.context.steps.client.exists(keys.item("products", key)) == 1

    @contextmanager
    def serve(self):
        """The URL of a server of the console, in a thread."""
        server = make_server("127.0.0.1", 0, self.app, True, request_handler=_Silent)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Silent(WSGIRequestHandler):
    def log_request(self, *_):
        pass

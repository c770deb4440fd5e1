"""
A stand-in site that takes `SECONDS` for each write, as a site does, and notes it: when, from which
address, and what.

    python -m tests.benchmarks.machines_cms HOST FOLDER LIMIT PARENT

FOLDER gets ``cms.port`` once it answers, and ``writes.jsonl``, a line for each write.
"""

import io
import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from service.sandbox.api.http_server import Server
from service.sandbox.app import create_sandbox
from service.sandbox.options import SandboxOptions, open_site
from tests.benchmarks.rig import TOKEN
from workers.embedded import pdeathsig

WRITES, PORT = "writes.jsonl", "cms.port"
SECONDS = 0.3  # s
_ITEM = re.compile(r"/items/([0-9a-f]{24})")


@dataclass(frozen=True, slots=True)
class Write:
    """
    Args:
        at: When it came, or was answered, in s since 1970.
        by: The address that sent it.
        stock: Item id → quantity; None: it has come, and is not answered yet.
    """

    at: float
    by: str
    stock: dict | None


def written(path, body):
    """Return what a write to *path* says of each item's stock."""
    entries = body.get("items", [body])
    alone = _ITEM.search(path)
    return {
        entry.get("id") or alone[1]: entry["fieldData"]["stock"]
        for entry in entries
        if "stock" in entry.get("fieldData", {})
    }


def noting(app, file):
    """Return *app*, with lines in *file* for each write that comes, and that it has taken."""

    def note(environ, stock):
        line = {"at": time.time(), "by": environ["REMOTE_ADDR"], "stock": stock}
        file.write(json.dumps(line) + "\n")
        file.flush()

    def noted(environ, start_response):
        if environ["REQUEST_METHOD"] not in ("PATCH", "PUT"):
            return app(environ, start_response)
        note(environ, None)
        time.sleep(SECONDS)
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        told = []

        def start(status, headers, *more):
            told.append(status)
            return start_response(status, headers, *more)

        answer = app(environ, start)
        if told[0][:3] in ("200", "202"):
            note(environ, written(environ["PATH_INFO"], json.loads(body)))
        return answer

    return noted


class Writes:
    """What the stand-in has written so far, read line by line."""

    def __init__(self, folder):
        self._file = (folder / WRITES).open("rb")
        self.all = []
        self.shown = {}  # item id → quantity
        self.came = {}  # address → when its last write came
        self._rest = b""

    def look(self):
        """Read what has come since the last look."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for each in [Write(**json.loads(line)) for line in lines]:
            if each.stock is None:
                self.came[each.by] = each.at
            else:
                self.shown |= each.stock
                self.all.append(each)


def main():
    host, folder, limit, parent = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    pdeathsig.tie(int(parent))
    site = open_site(SandboxOptions(token=TOKEN, requests_per_minute=limit))
    with (folder / WRITES).open("a") as file:
        server = Server((host, 0), noting(create_sandbox(site), file), now=site.clock)
        (folder / "cms.new").write_text(str(server.server_address[1]))
        (folder / "cms.new").replace(folder / PORT)
        server.serve_forever(0.02)


if __name__ == "__main__":
    main()

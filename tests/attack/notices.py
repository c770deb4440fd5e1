"""Thin notices of a fleet: each says which item has another title, which is then read."""

import json
import os
import threading
import time

from tests.attack.fleet import ITEMS
from tests.support.real_processes import BY_ITEM, SECRET, Line, signed
from tests.support.standin import item_id

SOURCE = f"""
[sources.thin]
sender = "hmac"
secrets = ["{SECRET}"]
header = "X-Signature"
id = "id"
topic = "type"
"""
MAPPINGS = (
    BY_ITEM.replace('    title = fields.String(data_key="data.title")\n', "")
    + """

import json
from pathlib import Path

def read(notice):
    return json.loads(Path("titles.json").read_text())[notice.object]

class Title(Mapping):
    class Meta:
        source = "thin"
        topics = ("title.changed",)
        collection = "products"
        item = "item"
        fetch = read
        object = "object"

    title = fields.String()
"""
)
RATE = 8.0  # notices a second


class Notices:
    """Args: fleet: Whose truth gets the titles."""

    def __init__(self, fleet):
        self.fleet, self.titles, self.number = fleet, {}, 0
        self.over = threading.Event()
        self._write()

    def begin(self, chance):
        items = [item_id(chance.randrange(ITEMS)) for _ in range(4000)]
        self.thread = threading.Thread(target=self._send, args=(items,), daemon=True)
        self.thread.start()

    def end(self):
        """Send no more; the truth has what came last."""
        self.over.set()
        self.thread.join(60)
        for item, found in self.titles.items():
            self.fleet.truth.setdefault(item, {})["title"] = found["title"]

    def _send(self, items):
        lines = [Line(("127.0.0.1", port), 5.0) for port in self.fleet.ports]
        for item in items:
            if self.over.wait(1 / RATE):
                break
            self.number += 1
            self.titles[item] = {"item": item, "title": f"Title {self.number}"}
            self._write()
            self._send_one(lines, item)
        for line in lines:
            line.close()

    def _send_one(self, lines, item):
        """Until it is answered 200: else the title might never be read."""
        payload = {"id": f"t{self.number}", "type": "title.changed", "object": item}
        whole, ends = signed(payload, path="/webhooks/thin"), time.monotonic() + 60
        for turn in range(10_000):
            try:
                if lines[turn % 2].ask(whole) == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > ends:
                return
            time.sleep(0.05)

    def _write(self):
        path = self.fleet.folder / "titles.json"
        path.with_suffix(".new").write_text(json.dumps(self.titles))
        os.replace(path.with_suffix(".new"), path)

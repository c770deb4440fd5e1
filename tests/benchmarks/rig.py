"""What the measurements stand on: a sandbox, one of the two systems, and what they cost."""

import contextlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from service.demo.processes import DemoProcess, SandboxSite
from service.sandbox.seeds.samples import PRODUCTS

TOKEN = "bench-token"
_TICKS = os.sysconf("SC_CLK_TCK")

CONFIGURATION = f"""\
mappings = ["mappings.py"]

[destinations.site]
api = "v2"
token = "{TOKEN}"
base_url = "${{CMS_URL}}"
requests_per_minute = %d

[collections.products]
destination = "site"
id = "{PRODUCTS}"

[sources.erp]
sender = "hmac"
secrets = ["${{ERP_SECRET}}"]
header = "X-Signature"
id = "id"
topic = "type"
occurred_at = "at"
"""
MAPPINGS = """\
from marshmallow import fields

from service.mapping import Mapping


class Stock(Mapping):
    class Meta:
        source = "erp"
        topics = ("stock.changed",)
        collection = "products"
        item = "data.item"

    stock = fields.Integer(data_key="data.qty")
"""


@dataclass(frozen=True, slots=True)
class Rig:
    """
    Args:
        url: Of the receiver.
        pids: Of the processes whose trees are the system.
        done: Whether the system has nothing left to do, right or not; False: it cannot tell.
    """

    url: str
    secret: str
    site: SandboxSite
    pids: tuple[int, ...]
    environ: dict[str, str]
    folder: Path
    done: Callable[[], bool] = lambda: False

    def quantities(self):
        """Return what the site shows: quantity by item id."""
        items = self.site.ask("GET", "/items")["items"]
        return {item["id"]: item["live"]["fieldData"]["stock"] for item in items}

    def cost(self):
        return sum((tree_cost(pid) for pid in self.pids), Cost())


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds (user and system) so far, and memory now in MiB, shared pages counted once."""

    cpu: float = 0.0
    memory: float = 0.0

    def __add__(self, other):
        return Cost(self.cpu + other.cpu, self.memory + other.memory)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="instep-bench-") as name:
        yield Path(name)


@contextlib.contextmanager
def sandbox(place: Path, limit: int, products: int = 1000) -> Iterator[str]:
    """Run a site of *products* that allows *limit* calls a minute; yield its address."""
    arguments = ("--bind", "127.0.0.1:0", "--token", TOKEN, "--requests-per-minute", str(limit))
    actor = DemoProcess("sandbox", place, None, "sandbox", *arguments, "--products", str(products))
    try:
        yield actor.url()
    finally:
        actor.stop()


@contextlib.contextmanager
def instep(limit: int, products: int = 1000) -> Iterator[Rig]:
    """Run Instep against a sandbox, both new."""
    with folder() as place, sandbox(place, limit, products) as cms:
        (place / "instep.toml").write_text(CONFIGURATION % limit)
        (place / "mappings.py").write_text(MAPPINGS)
        secret = secrets.token_hex(16)
        environ = {
            **{k: v for k, v in os.environ.items() if k != "REDIS_URL"},
            "CMS_URL": cms,
            "ERP_SECRET": secret,
            "INSTEP_CONFIG": str(place / "instep.toml"),
            "INSTEP_DATA": str(place / "data"),
        }
        actor = DemoProcess("ready", place, environ, "up", "--bind", "127.0.0.1:0")
        try:
            yield Rig(actor.url(), secret, SandboxSite(cms), (actor.process.pid,), environ, place)
        finally:
            actor.stop()


def until_right(rig, truth, patience):
    """Wait until the site shows *truth*; return the seconds it took, or None, and what is wrong."""
    begin = time.monotonic()
    while True:
        done = rig.done()  # before the look: what was written last must be seen
        shown = rig.quantities()
        wrong = [item for item, quantity in truth.items() if shown[item] != quantity]
        spent = time.monotonic() - begin
        if not wrong or done or spent > patience:
            return (None if wrong else spent), wrong
        time.sleep(0.25)


def tree_cost(pid):
    """Return the cost of a process, its living descendants, and their children that have ended."""
    return sum((cost for _, cost in costs(pid)), Cost())


def costs(pid):
    """Return the title and the cost of a process, with its children that have ended; then those
    of its living descendants."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        title = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").glob("*/children")
            for child in task.read_text().split()
        ]
    except OSError:
        return []
    pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    own = Cost(sum(int(word) for word in words[11:15]) / _TICKS, pss / 1024)
    return [(title.strip(), own), *(each for child in children for each in costs(child))]

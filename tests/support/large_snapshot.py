"""
A snapshot of 100,000 records, read as a reconcile reads it: what it takes, as JSON.

    python -m tests.support.large_snapshot FOLDER FILE | sqlite:///… [QUERY]
"""

import json
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from service.mapping.load import load
from service.reconcile.snapshot.file_records import from_file
from service.reconcile.snapshot.mapping_choice import chosen
from service.reconcile.snapshot.rows import Rows
from service.reconcile.snapshot.sql import SqlRecords
from workers.config.settings import Collection, Destination, Settings, Source, StoreSettings

MAPPING = """
from marshmallow import fields
from service.mapping import Mapping

class Product(Mapping):
    class Meta:
        source, collection, key, version = "erp", "products", "sku", "rev"

    price = fields.Decimal()
    in_stock = fields.Boolean(data_key="qty > `0`")
"""


def main(folder, name, query=None):
    now = datetime.now(UTC)
    settings = Settings(
        path=Path(folder) / "instep.toml",
        store=StoreSettings(),
        destinations={"site": Destination("site", "v2", "token")},
        collections={"products": Collection("products", "site", "65f0", key="sku")},
        sources={"erp": Source("erp", "hmac")},
        mappings=("mappings.py",),
    )
    (Path(folder) / "mappings.py").write_text(MAPPING)
    records = (
        SqlRecords(name, query, now=now, environ=os.environ) if query else from_file(name, now=now)
    )
    rows = Rows(records, chosen(load(settings), "products"))
    begun = time.perf_counter()
    changes = sum(len(row.changes) for row in rows)
    seconds = time.perf_counter() - begun
    # Not getrusage: what it calls the peak of a process begins with that of its parent.
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    took = {"rows": rows.count, "changes": changes, "bad": rows.bad}
    sys.stdout.write(
        json.dumps(took | {"seconds": round(seconds, 1), "peak_mb": int(peak[1]) // 1024})
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What a worker imports when it starts: two start with every ``up``."""

import subprocess
import sys

LOOK = """
import sys
import service.run.worker_process
print(*sorted(name for name in sys.modules if name.startswith("service.")))
"""


def test_a_worker_starts_without_senders_and_mappings():
    said = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)  # noqa: S603
    rooms = {name.split(".")[1] for name in said.stdout.split()}
    assert rooms == {"config", "run"}

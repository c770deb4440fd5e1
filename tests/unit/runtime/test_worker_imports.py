"""What the processes of ``up`` import, and when: each of them takes time and memory for it."""

import os
import subprocess
import sys

from click.testing import CliRunner

from service.cli import main

LOOK = """
import sys
import service.run.worker_process
print(*sorted(name for name in sys.modules if name.startswith("service.")))
"""

FORKED = """
import importlib, sys
from service.run.services import COMMON
for name in COMMON:
    importlib.import_module(name)
had = {*sys.modules}
importlib.import_module("service.web.server").application()
print(*sorted(name for name in {*sys.modules} - had if name.startswith(("service.", "workers."))))
"""

SHARED = """
from workers.runtime import fork_server
from workers.store.step_library import library
fork_server.share(())
print(library.cache_info().currsize)
"""


RARE = """
import importlib, sys
from service.run.inheritance import built_for
from service.run.services import COMMON
for name in COMMON:
    importlib.import_module(name)
print(*{"argparse", "sqlite3"} & {*sys.modules})
"""


def test_a_worker_starts_without_senders_and_mappings():
    said = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)  # noqa: S603
    rooms = {name.split(".")[1] for name in said.stdout.split()}
    assert rooms == {"config", "run"}


def test_the_parts_of_a_web_process_are_imported_before_it_is_forked(tmp_path):
    assert CliRunner().invoke(main, ["init", str(tmp_path / "shop")]).exit_code == 0
    own = {"INSTEP_DATA": str(tmp_path / "data"), "INSTEP_CONFIG": "instep.toml"}
    said = subprocess.run(  # noqa: S603
        [sys.executable, "-c", FORKED],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path / "shop",
        env=os.environ | own,
    )
    assert said.stdout.split() == []


def test_what_few_processes_ever_need_is_not_imported_for_all():
    said = subprocess.run([sys.executable, "-c", RARE], capture_output=True, text=True, check=True)  # noqa: S603
    assert said.stdout.split() == []


def test_the_steps_are_put_together_once_for_all_that_is_forked():
    command = [sys.executable, "-c", SHARED]
    said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert said.stdout.split() == ["1"]

"""
Every run collects the same tests in the same order.

A test whose name is made of the time, of a hash or of the order in which a folder is read is not
found again by the name that it failed under.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PATIENCE = 120  # s; it takes 10 on an idle machine
QUIETLY = ("-n", "0", "--collect-only", "-q", "-p", "no:cacheprovider")

# Another clock and folders in another order, before anything of the tests is imported.
ELSEWHERE = """
import os, time

_time, _listdir, _scandir = time.time, os.listdir, os.scandir
time.time = lambda: _time() + 3_200_000.5


class _Reversed:
    def __init__(self, path="."):
        with _scandir(path) as found:
            self._found = iter(list(found)[::-1])

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._found)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._found = iter(())


os.listdir = lambda path=".": _listdir(path)[::-1]
os.scandir = _Reversed
"""


def _collecting(seed, *options, **environ):
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    }
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "pytest", *QUIETLY, *options],
        cwd=ROOT,
        env={**inherited, "PYTHONHASHSEED": seed, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _names(process):
    text, _ = process.communicate(timeout=PATIENCE)
    if process.returncode != 0:
        pytest.fail(f"nothing was collected:\n{text[-2000:]}")
    return [line for line in text.splitlines() if "::" in line]


@pytest.mark.full  # 20 s of a core, and no other test depends on it
def test_two_processes_of_other_seeds_clocks_and_folders_collect_the_same_in_the_same_order(
    tmp_path,
):
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE, encoding="utf-8")
    with (
        _collecting("1") as here,
        _collecting("4242", "-p", "elsewhere", PYTHONPATH=str(tmp_path)) as there,
    ):
        names, others = _names(here), _names(there)
    assert len(names) > 1000
    differing = [pair for pair in zip(names, others, strict=False) if pair[0] != pair[1]]
    assert differing[:3] == []
    assert len(names) == len(others)

"""The demo as a newcomer runs it: real processes, and a verdict."""

# ruff: noqa: S603

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from workers.runtime.liveness import state_of

DEMO = (sys.executable, "-m", "service", "demo")
ROOT = Path(__file__).parents[2]
PATIENCE = 150  # s; it takes 20 on an idle machine


@pytest.fixture
def tmp(monkeypatch):
    """A directory for temporary files of its own: what the demo leaves behind shows in it."""
    with tempfile.TemporaryDirectory(prefix="d") as name:
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)


def test_a_small_demo_ends_with_every_field_of_the_site_right(tmp):
    done = subprocess.run(
        [*DEMO, "--events", "300", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["wrong"], found["lost"], found["pending"]) == (0, 0, 0)
    assert found["balanced"]
    assert found["checked"] == 11_000
    assert found["deliveries"] > 300
    assert found["duplicates"] > 0
    assert found["refused"] == 5
    assert found["rate_limited"] >= 1
    assert found["calls"] < found["calls_one_per_event"] / 3
    kinds = {each["kind"]: each for each in found["dead_letters"]}
    assert set(kinds) == {"refused", "unmapped", "missing"}
    assert "price" in kinds["refused"]["reason"]
    assert list(tmp.iterdir()) == [], "the demo left its folder behind"


def test_an_interrupted_demo_ends_its_processes_and_removes_its_folder(tmp):
    # A shell that runs the tests in the background has Ctrl-C ignored, and so would its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [*DEMO, "--events", "300"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        for line in process.stdout:
            if line.startswith("The shop opens"):
                break
        else:
            pytest.fail("the demo did not begin")
        started = _descendants(process.pid)
        assert len(started) >= 6, "a sandbox, and a supervisor with web, workers and store"
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(60) == 130
    ends = time.monotonic() + 5
    while (left := [pid for pid in started if _alive(pid)]) and time.monotonic() < ends:
        os.sched_yield()
    assert left == []
    assert list(tmp.iterdir()) == []


def _descendants(pid):
    found = [
        int(word)
        for path in Path(f"/proc/{pid}/task").glob("*/children")
        for word in path.read_text().split()
    ]
    return found + [each for child in found for each in _descendants(child)]


def _alive(pid):
    """Whoever takes orphans may not have read the end of one yet."""
    return state_of(pid) not in ("", "Z")

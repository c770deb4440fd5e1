"""Tests in several processes, forked from the one that has collected them."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.forked_pytest import Reports

ROOT = Path(__file__).parents[2]


def told(*phases, **options):
    """The phases that are told of a test whose phases went so: (phase, outcome)."""
    sent = []
    written = SimpleNamespace(
        pytest_report_to_serializable=lambda *, report, **_: (report.when, report.outcome)
    )
    option = SimpleNamespace(**{"verbose": 0, "durations": None, "xmlpath": None, **options})
    reports = Reports(
        SimpleNamespace(option=option, hook=written), SimpleNamespace(send=sent.append)
    )
    for when, outcome in phases:
        report = pytest.TestReport("a", ("", 0, ""), {}, outcome, None, when)
        reports.pytest_runtest_logreport(report)
    reports.send()
    ((kind, found),) = sent
    assert kind == "tested"
    return [when for when, _ in found]


def phases(setup="passed", call="passed", teardown="passed"):
    outcomes = {"setup": setup, "call": call, "teardown": teardown}
    return [(when, outcome) for when, outcome in outcomes.items() if outcome]


ALL = ["setup", "call", "teardown"]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({}, ["call"]),
        ({"setup": "failed", "call": None}, ["setup", "teardown"]),
        ({"setup": "skipped", "call": None}, ["setup", "teardown"]),
        ({"call": "failed"}, ALL),  # with what the teardown has written
        ({"call": "skipped"}, ALL),
        ({"teardown": "failed"}, ALL),
        ({"call": "failed", "teardown": "failed"}, ALL),
    ],
)
def test_what_passes_is_told_shortly_and_what_does_not_whole(outcomes, expected):
    assert told(*phases(**outcomes)) == expected


@pytest.mark.parametrize("option", [{"verbose": 1}, {"durations": 3}, {"xmlpath": "a.xml"}])
def test_all_is_told_where_the_phases_are_shown(option):
    assert told(*phases(), **option) == ALL


CONFTEST = """
import os, pytest

@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    place = tmp_path_factory.mktemp("shared")
    yield place
    with open("torn down", "a") as file:
        file.write(f"{os.getpid()} {place.parent.name}\\n")
"""
ONE = """
import os, time, warnings, pytest

def test_passes(shared, tmp_path):
    assert tmp_path.parent == shared.parent
    while not os.path.exists("what is left of the other has begun"):
        time.sleep(0.01)

def test_fails(shared):
    print("said")
    assert 1 == 2

@pytest.fixture
def missing():
    raise LookupError("no such thing")

def test_is_not_set_up(missing):
    pass

def test_warns():
    warnings.warn("careful")
"""
TWO = """
import os

def test_goes_before(shared):
    pass

def test_dies():
    os._exit(3)

def test_comes_after(shared):
    open("what is left of the other has begun", "w").close()
"""


def ignore_interrupts():
    """As a shell does for what it runs in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run(folder, *words, **files):
    """Run the tests of some files; returns the exit status and what was said."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    clean["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-p", "tests.support.forked_pytest", "-n", "2", *words],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=ignore_interrupts,
    )
    return done.returncode, done.stdout


def test_each_test_is_told_once_also_one_in_which_its_process_dies(tmp_path):
    status, said = run(tmp_path, "-q", conftest=CONFTEST, test_one=ONE, test_two=TWO)
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "2 failed, 4 passed, 1 warning, 1 error" in said
    died = r"FAILED test_two.py::test_dies - process \d ended with status 3 in this test"
    assert re.search(died, said)
    assert "FAILED test_one.py::test_fails - assert 1 == 2" in said
    assert "- Captured stdout call -\nsaid" in re.sub("-+", "-", said)
    assert "ERROR test_one.py::test_is_not_set_up - LookupError: no such thing" in said
    assert "UserWarning: careful" in said


def test_what_is_of_a_whole_session_is_torn_down_in_each_process(tmp_path):
    run(tmp_path, "-q", conftest=CONFTEST, test_one=ONE, test_two=TWO)
    lines = [line.split() for line in (tmp_path / "torn down").read_text().splitlines()]
    # In both that have not died, each with folders of its own.
    assert len(lines) == len({pid for pid, _ in lines}) == len({place for _, place in lines}) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import pytest\ndef test_one():\n    pytest.exit('enough')", "enough"),
        (
            "import pytest\n@pytest.fixture(scope='session')\ndef shared():\n    yield\n"
            "    raise LookupError('not there')\n\ndef test_one(shared):\n    pass",
            "LookupError: not there",
        ),
        (
            "import pytest\n@pytest.fixture(scope='session')\ndef shared():\n    yield\n"
            "    __import__('os')._exit(4)\n\ndef test_one(shared):\n    pass",
            "ended with status 4, in no test",
        ),
    ],
    ids=["exit", "teardown", "dies in the teardown"],
)
def test_what_fails_outside_of_a_test_ends_the_run(tmp_path, text, why):
    other = "def test_two():\n    pass"
    status, said = run(tmp_path, "-q", test_one=text, test_two=other)
    assert status == pytest.ExitCode.INTERRUPTED
    assert why in said


FAILS_LATE = """
import os, time

def test_one():
    while not os.path.exists("the other has begun"):
        time.sleep(0.01)
    assert 0
"""
LONG = """
import time

def test_two(shared):
    open("the other has begun", "w").close()
    time.sleep(600)
"""


def test_after_the_first_failure_what_runs_is_ended(tmp_path):
    status, said = run(tmp_path, "-q", "-x", conftest=CONFTEST, test_one=FAILS_LATE, test_two=LONG)
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "stopping after 1 failures" in said
    assert (tmp_path / "torn down").read_text()

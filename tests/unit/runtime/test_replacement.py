"""Children that replace others: beside them until all are ready, or not at all."""

import time

import pytest

from workers.runtime.child_process import Child, ChildProcess
from workers.runtime.forked_process import ForkServer
from workers.runtime.replacement import Departure, Replacement

STUBS = {
    "comes_up": (
        "import signal, time\nsignal.signal(signal.SIGUSR1, lambda *_: None)\n"
        "from workers.runtime import child_process\nchild_process.announce()\n"
        "while True: time.sleep(60)"
    ),
    "ends": (
        "import signal, sys, time\nsignal.signal(signal.SIGUSR1, lambda *_: sys.exit(0))\n"
        "from workers.runtime import child_process\nchild_process.announce()\n"
        "while True: time.sleep(60)"
    ),
    "stubborn": (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGUSR1, signal.SIG_IGN)\n"
        "from workers.runtime import child_process\nchild_process.announce()\n"
        "while True: time.sleep(60)"
    ),
    "fails": 'raise LookupError("no such table")',
    "leaves": "raise SystemExit(3)",
    "is_killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.fixture(autouse=True)
def _stubs(tmp_path, monkeypatch):
    for name, text in STUBS.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.fixture
def replace():
    made = []

    def _replace(*names, released=True, **options):
        specs = [Child("worker", name, announces=True, **options) for name in names]
        made.append(Replacement(specs, ForkServer(), released=released))
        return made[-1]

    yield _replace
    for each in made:
        end = Departure(each.children, drain=False, grace=0.0)
        until(end.poll)


def until(look, within=30.0):
    ends = time.monotonic() + within
    while not look():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.01)


def polled(replacement):
    replacement.poll()
    return replacement.complete or replacement.failure is not None


def test_it_is_complete_once_the_last_one_is_ready(replace):
    found = replace("comes_up", "comes_up")
    until(lambda: polled(found))
    assert found.failure is None
    assert len({child.process().pid for child in found.children}) == 2
    found.poll()
    assert all(child.alive() for child in found.children)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("fails", "LookupError: no such table"),
        ("leaves", "worker: a new process ended with status 3"),
        ("is_killed", "worker: a new process was ended by signal 9"),
    ],
)
def test_one_that_does_not_come_up_ends_it(replace, name, told):
    found = replace("comes_up", name, "comes_up")
    until(lambda: polled(found))
    assert told in found.failure
    assert not found.complete
    assert found.children[0].alive()
    assert found.children[2].process() is None


def test_one_that_takes_too_long_ends_it(replace, monkeypatch, tmp_path):
    (tmp_path / "waits.py").write_text("import time\ntime.sleep(60)")
    monkeypatch.setattr("workers.runtime.replacement.STARTING", 0.1)
    found = replace("waits")
    until(lambda: polled(found))
    assert found.failure == "worker: not ready within 0.1 s"


def test_while_the_store_is_away_those_that_wait_are_not_begun(replace):
    found = replace("comes_up", released=False, waits=True)
    until(lambda: polled(found))
    assert found.complete
    assert found.children[0].process() is None


def ready(name, **options):
    child = ChildProcess(Child("web", name, announces=True, **options), ForkServer())
    until(lambda: child.poll() or child.ready)
    return child


def test_one_that_is_replaced_ends_by_itself_before_it_is_told_to():
    child = ready("ends", drain=60.0)
    departure = Departure([child], drain=True)
    until(departure.poll)
    assert departure.children == []


def test_sigterm_follows_then_sigkill():
    children = [ready("comes_up", drain=0.3), ready("stubborn", drain=0.3)]
    departure = Departure(children, drain=True, grace=0.5)
    begun = time.monotonic()
    until(departure.poll)
    assert time.monotonic() - begun >= 0.8


def test_one_that_has_less_time_gets_sigkill_before_the_others():
    children = [ready("stubborn", grace=0.2), ready("stubborn")]
    departure = Departure(children, drain=False, grace=60.0)
    until(lambda: departure.poll() or len(departure.children) < 2, within=10.0)
    assert departure.children == children[1:]
    until(lambda: departure.poll(kill=True))


def test_at_the_end_nobody_is_waited_for():
    child = ready("stubborn", drain=60.0)
    departure = Departure([child], drain=False, grace=60.0)
    assert not departure.poll()
    until(lambda: departure.poll(kill=True))

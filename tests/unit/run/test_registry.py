"""What runs in one data folder, told by locked files."""

import json
import os
import subprocess
import sys

import pytest

from service.run import services
from service.run.registry import registered, running
from workers.errors import ConfigurationInvalid

HOLD = """
import sys
from pathlib import Path
from service.run import services
from service.run.registry import registered
with registered(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that runs the same."""
    started = []

    def start(service):
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", HOLD, str(tmp_path), service],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_what_runs_is_listed_until_it_ends(tmp_path):
    with registered(tmp_path, "web", "127.0.0.1:8000"), registered(tmp_path, "worker"):
        found = {each.service: each for each in running(tmp_path)}
        assert set(found) == {"web", "worker"}
        assert (found["web"].pid, found["web"].bind) == (os.getpid(), "127.0.0.1:8000")
        assert found["web"].here
    assert running(tmp_path) == []
    assert [path.name for path in (tmp_path / "services").iterdir()] == ["lock"]


def test_an_address_is_left_while_its_process_is_still_listed(tmp_path, other):
    other("worker")
    with registered(tmp_path, "up", "127.0.0.1:8000") as registration:
        registration.leave_address()
        registration.leave_address()
        found = {each.service: each for each in running(tmp_path)}
        assert (found["up"].pid, found["up"].bind) == (os.getpid(), "")
        with pytest.raises(ConfigurationInvalid), registered(tmp_path, "up"):
            pass


def test_a_service_that_ends_leaves_its_address_before_it_listens_no_more(tmp_path):
    listed = []

    class Ending:
        def refuse(self):
            listed.extend(running(tmp_path))

    with registered(tmp_path, "web", "127.0.0.1:8000") as registration:
        services._refuse(registration, Ending())
    assert [each.bind for each in listed] == [""]


def test_what_was_killed_is_listed_no_more(tmp_path, other):
    process = other("worker")
    assert [each.pid for each in running(tmp_path)] == [process.pid]
    process.kill()
    process.wait()
    assert running(tmp_path) == []


def test_a_second_up_names_the_first_whatever_else_runs(tmp_path, other):
    first = other("up")
    with registered(tmp_path, "worker"), registered(tmp_path, "web"):
        pass
    with pytest.raises(ConfigurationInvalid) as caught, registered(tmp_path, "up"):
        pass
    (problem,) = caught.value.problems
    assert problem.found == f"instep up, process {first.pid}, which runs here"


def test_the_last_outcome_is_told_and_goes_with_the_process(tmp_path):
    with registered(tmp_path, "up") as registration:
        (found,) = running(tmp_path)
        assert found.outcome() == {"number": 0, "done": True}
        registration.record({"number": 1, "done": False})
        assert found.outcome() == {"number": 1, "done": False}
    assert found.outcome()["number"] == 0


def test_a_process_of_another_machine_is_not_of_here(tmp_path):
    with registered(tmp_path, "up"):
        (path,) = (tmp_path / "services").glob("up-*")
        path.write_text(json.dumps({**json.loads(path.read_text()), "machine": "elsewhere"}))
        (found,) = running(tmp_path)
        assert not found.here


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "services").write_text("a file")
    with registered(tmp_path, "web") as registration:
        registration.record({"number": 1})
        assert running(tmp_path) == []

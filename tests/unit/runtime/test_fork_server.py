"""Processes that are forked from one that has imported their code."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from workers.runtime import fork_server
from workers.runtime.forked_process import ForkServer
from workers.runtime.liveness import state_of as state

# Writes what it has of what it should, then waits for its end.
SHOWS = """
import json, os, sys, time
import common

def link(name):
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except OSError:  # the list that was read
        return ""

def main():
    if sys.argv[2:] == ["wait"]:
        time.sleep(60)
    mine = {name: os.environ[name] for name in os.environ if name.startswith("OF_")}
    found = {
        "argv": sys.argv, "own": mine, "common": common.PID, "pid": os.getpid(),
        "leads": os.getsid(0) == os.getpid(), "in": os.readlink("/proc/self/fd/0"),
        "files": {name: link(name) for name in os.listdir("/proc/self/fd")},
    }
    os.write(int(sys.argv[1]), json.dumps(found).encode())
    return 7
"""
COMMON = "import os\nPID = os.getpid()"
BREAKS = "def main():\n    raise LookupError('no such table')"


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name, text in {"shows": SHOWS, "common": COMMON, "breaks": BREAKS}.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made = ForkServer(["common", "no.such.module"])
    yield made
    made.close()


def started(server, *words, module="shows", **environ):
    """Return a process, and what it has written."""
    reader, writer = os.pipe()
    environ = {**os.environ, **environ}
    try:
        process = server.start(
            module, [str(writer), *words], title=f"of {module}", environ=environ, files=[writer]
        )
    finally:
        os.close(writer)
    with os.fdopen(reader) as file:
        return process, file.read() if module == "shows" and words != ("wait",) else ""


def until(look):
    ends = time.monotonic() + 20
    while not look():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.01)


def ended(process):
    until(lambda: process.poll() is not None)
    return process.status


def known(process):
    """Wait until its pid is known, and it has its title."""

    def look():
        process.poll()
        return process.pid and b"of shows" in Path(f"/proc/{process.pid}/cmdline").read_bytes()

    until(look)
    return process.pid


def test_a_child_has_what_is_its_own_and_shares_what_was_imported(server, monkeypatch):
    monkeypatch.setenv("OF_SUPERVISOR", "1")
    process, said = started(server, OF_CHILD="2")
    assert ended(process) == 7
    monkeypatch.delenv("OF_SUPERVISOR")
    again, later = started(server)
    assert ended(again) == 7
    first, second = (json.loads(each) for each in (said, later))
    assert first["own"] == {"OF_SUPERVISOR": "1", "OF_CHILD": "2"}
    assert second["own"] == {}
    assert first["common"] == second["common"] not in (first["pid"], os.getpid())
    assert first["pid"] == process.pid != again.pid
    assert first["leads"]
    assert first["in"] == "/dev/null"
    name, given = first["argv"]
    assert name == "shows"
    links = {number for number, to in first["files"].items() if to.startswith(("pipe", "socket"))}
    assert links == {given}


def test_one_that_fails_says_why_and_the_others_go_on(server, capfd):
    process, _ = started(server, module="breaks")
    assert ended(process) == 1
    assert "LookupError: no such table" in capfd.readouterr().err
    assert ended(started(server)[0]) == 7


def test_a_signal_reaches_it_and_its_end_is_told(server):
    process, _ = started(server, "wait")
    known(process)
    process.signal(signal.SIGTERM)
    assert ended(process) == -signal.SIGTERM
    process.signal(signal.SIGTERM)  # no effect


def test_children_die_with_their_server_and_the_next_start_brings_another(server):
    process, _ = started(server, "wait")
    pid = known(process)
    parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(parent, signal.SIGKILL)
    assert ended(process) == -signal.SIGKILL
    assert ended(started(server)[0]) == 7


def test_it_ends_once_it_is_closed(server):
    process, _ = started(server, "wait")
    pid = known(process)
    server.close()
    assert ended(process) == -signal.SIGKILL
    until(lambda: state(pid) in ("", "Z"))  # whoever takes orphans may not have read its end yet


PREPARES = """
import os, sys, threading
import common

def main():
    common.PREPARED = f"{sys.argv[1]} by {os.getpid()}"
    if sys.argv[1] == "breaks":
        raise LookupError("no such table")
    if sys.argv[1] == "leaves":
        sys.exit("no more")
    if sys.argv[1] == "begins":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    if sys.argv[1] == "opens":
        common.FILE = open(os.devnull)
"""
TELLS = """
import json, os, sys
import common

def main():
    found = getattr(common, "PREPARED", "nothing"), os.getppid(), len(os.listdir("/proc/self/task"))
    os.write(int(sys.argv[1]), json.dumps(found).encode())
"""


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("how", ["", "prepares", "breaks", "leaves", "begins", "opens"])
def test_what_is_prepared_is_shared_unless_it_has_begun_something(how, tmp_path):
    (tmp_path / "prepares.py").write_text(PREPARES)
    (tmp_path / "tells.py").write_text(TELLS)
    first = ForkServer(["common"], how and f"prepares {how}")
    for server in (first, first.successor()):
        reader, writer = os.pipe()
        server.start("tells", [str(writer)], title="t", environ=dict(os.environ), files=[writer])
        os.close(writer)
        with os.fdopen(reader) as file:
            prepared, parent, threads = json.load(file)
        server.close()
        shared = how in ("prepares", "breaks", "leaves")
        assert prepared == (f"{how} by {parent}" if shared else "nothing")
        assert threads == 1


OF_THIS = """
import gc, importlib, os, sys, time
from workers.runtime.forked_process import ForkServer
given = ["common", "breaks"]
if sys.argv[1] == "before":
    importlib.import_module(given.pop(0))
print("said before")
server = ForkServer.of_this(given, "prepares it")
reader, writer = os.pipe()
process = server.start("shows", [str(writer)], title="t", environ=dict(os.environ), files=[writer])
os.close(writer)
found = __import__("json").loads(os.fdopen(reader).read())
while process.poll() is None:
    time.sleep(0.01)
print(found["common"] == os.getpid(), process.status, found["leads"], found["in"])
print(len(gc.get_objects()) < gc.get_freeze_count())
print(server.successor().prepare == "prepares it")
sys.exit(3)
"""


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("imported", ["before", "for it"])
def test_one_that_is_a_copy_of_this_process_shares_what_this_has_imported(imported, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    said = subprocess.run(  # noqa: S603
        [sys.executable, "-c", OF_THIS, imported],
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        timeout=30,
        cwd=Path(__file__).parents[3],
    )
    before, *told = said.stdout.splitlines()
    assert before == "said before"  # once: the copy has not to say it as well
    assert " ".join(told).split() == ["True", "7", "True", "/dev/null", "True", "True"], said.stderr
    assert said.returncode == 3


def test_a_process_is_alone_without_threads_and_files_that_came_after():
    look = """
import threading
from workers.runtime import fork_server

files, end = fork_server.open_files(), threading.Event()
told = [fork_server.is_alone(files)]
with open("/dev/null"):
    told.append(fork_server.is_alone(files))
thread = threading.Thread(target=end.wait)
thread.start()
told.append(fork_server.is_alone(files))
end.set()
thread.join()
print(*told)
"""
    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)  # noqa: S603
    assert said.stdout.split() == ["True", "False", "False"]


@pytest.mark.parametrize(
    "known", [pytest.param(True, id="glibc"), pytest.param(False, id="another")]
)
def test_the_system_gets_back_what_the_imports_leave_where_the_library_can(monkeypatch, known):
    trimmed = []
    library = SimpleNamespace(malloc_trim=trimmed.append) if known else SimpleNamespace()
    monkeypatch.setattr(fork_server.ctypes, "CDLL", lambda _: library)
    fork_server.share(())
    gc.unfreeze()
    assert trimmed == [0] * known

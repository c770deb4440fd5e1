"""A real store for the tests that need one, and Hypothesis as a busy machine needs it."""

import contextlib
import functools
import gc
import os
import subprocess
import sys
import time

import flask
import hypothesis
import pytest
import redis

from tests.support.known_routes import KnownRoute
from tests.support.known_templates import KnownTemplates
from tests.support.store_server import server_binary

# Every process of a test would compile the whole product, and each run all tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

flask.Flask.url_rule_class = KnownRoute
flask.Flask.jinja_options = {"bytecode_cache": KnownTemplates()}

# Each client looks for it on disk, which takes 1 ms; tests make ten thousand clients.
redis.utils.get_lib_version = functools.cache(redis.utils.get_lib_version)

PYTEST_OWN = b"PYTEST_CURRENT_TEST"


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="play all of what is long (an hour)")


def pytest_configure(config):
    if config.option.full:
        os.environ["INSTEP_FULL"] = "1"  # what is drawn is settled when the tests are imported
    # A busy machine is slow at drawing and running examples; that is nothing that a test is about.
    # In CI the same examples every time: a failure there is then the change's, not the day's.
    hypothesis.settings.register_profile(
        "instep",
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
        derandomize="CI" in os.environ,
        max_examples=100 if config.option.full else 30,
    )
    hypothesis.settings.load_profile("instep")


# In all other files of that folder the clock is moved, so that they wait for nothing.
REAL = (
    *("test_promise", "test_processes", "test_chaos", "test_demo", "test_reload", "test_stopping"),
    *("test_door", "test_cli_starter", "test_sandbox_tells", "test_mcp"),
)
REAL_TILL = 0.8  # of all files: the last are short


def pytest_collection_modifyitems(config, items):
    """
    Leave out what is marked as ``full``, unless it is asked for. Files that start real processes,
    and mostly wait for them, come evenly among the others, which compute: the processes are given
    file by file, in order, so that the machine is busy and never with too many of them at once.
    """
    if not config.option.full:
        left_out = {item for item in items if item.get_closest_marker("full")}
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    files = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    real = sorted(filter(_is_real, files), key=lambda path: _rank(path.name))
    places = {path: n * REAL_TILL / len(real) for n, path in enumerate(real)}
    others = [path for path in files if path not in places]
    places |= {path: n / len(others) for n, path in enumerate(others)}
    items[:] = [item for path in sorted(files, key=places.get) for item in files[path]]


def _is_real(path):
    return path.parent.name == "e2e" and path.name.startswith(REAL)


def _rank(name):
    """The longest come first."""
    return next(n for n, beginning in enumerate(REAL) if name.startswith(beginning)), name


def pytest_collection():
    gc.disable()  # almost all that a collection makes stays


def pytest_collection_finish():
    """Look no more, in any later round of garbage collection, at 14,000 tests and all modules."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _own_environment():
    """A command adds the names of .env to the environment of its process."""
    # Not mock.patch.dict, nor the names as text: both would take long, before and after each of
    # 16,000 tests.
    held = os.environ._data
    before = dict(held)
    yield
    before.pop(PYTEST_OWN, None)
    if PYTEST_OWN in held:
        before[PYTEST_OWN] = held[PYTEST_OWN]
    if held != before:
        os.environ.clear()
        os.environ.update({os.fsdecode(name): os.fsdecode(text) for name, text in before.items()})


@pytest.fixture(scope="session")
def store_socket(tmp_path_factory):
    """The socket of a running server that keeps nothing on disk."""
    path = tmp_path_factory.mktemp("store") / "s"
    command = [server_binary(), "--port", "0", "--unixsocket", str(path), "--save", ""]
    server = subprocess.Popen(  # noqa: S603
        [*command, "--appendonly", "no"], stdout=subprocess.DEVNULL, cwd=path.parent
    )
    deadline = time.monotonic() + 10
    while True:
        with (
            contextlib.suppress(redis.ConnectionError),
            redis.Redis(unix_socket_path=str(path)) as client,
        ):
            client.ping()
            break
        assert time.monotonic() < deadline, "the store did not start"
    yield str(path)
    server.terminate()
    server.wait(10)


@pytest.fixture
def store(store_socket):
    """A client of an empty store."""
    with redis.Redis(unix_socket_path=store_socket, decode_responses=True) as client:
        # Not in the background: it would free what a test has kept while the next one measures.
        client.execute_command("FLUSHALL", "SYNC")
        yield client

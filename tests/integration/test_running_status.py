"""`instep status` from the web process that runs here, without the code that reads the store."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading

import pytest
from werkzeug.serving import make_server

from service.commands.running_status import status_of_running
from service.operate.status import status_of
from service.run.registry import registered
from tests.support.api_rig import VIEW, Rig

HEAVY = ("redis", "marshmallow", "flask", "requests", "rq", "jmespath")


@pytest.fixture
def rig(tmp_path, store_socket, store):  # noqa: ARG001  # it is empty
    rig = Rig(tmp_path, store_socket)
    yield rig
    rig.close()


@pytest.fixture
def web(rig):
    """Serve the application of *rig* as ``up`` does, listed in its data folder."""
    server = make_server("127.0.0.1", 0, rig.app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with registered(rig.configuration.settings.store.data, "up", f"0.0.0.0:{server.port}"):
        yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("web")
def test_it_is_what_the_store_says_in_the_order_of_the_configuration(rig):
    found, read = status_of_running(rig.environ), status_of(rig.context)
    assert {**found, "memory": 0, "spool": 0} == {**read, "memory": 0, "spool": 0}
    assert list(found["sources"]) == list(read["sources"])
    assert list(found["destinations"]) == ["site", "shop"]


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "redis://127.0.0.1:1/0"),
        ("INSTEP_CONFIG", "elsewhere/instep.toml"),
        ("INSTEP_DATA", "elsewhere"),
        ("INSTEP_ADMIN_TOKEN", "another"),
        ("INSTEP_ADMIN_TOKEN", VIEW),
        ("INSTEP_ADMIN_TOKEN", "tök"),
        ("INSTEP_ADMIN_TOKEN", ""),
    ],
)
def test_one_that_has_another_configuration_is_not_asked(rig, name, value):
    assert status_of_running({**rig.environ, name: value}) is None


def test_nothing_is_asked_where_none_runs_or_none_answers(rig):
    data = rig.configuration.settings.store.data
    assert status_of_running(rig.environ) is None
    with registered(data, "worker"), registered(data, "web", "127.0.0.1:1"):
        assert status_of_running(rig.environ) is None


def test_the_token_reaches_no_program_that_has_got_the_port_since(rig, monkeypatch):
    data = rig.configuration.settings.store.data
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        registered(data, "up", f"127.0.0.1:{other.getsockname()[1]}") as service,
    ):
        connect = http.client.HTTPConnection.connect

        def late(connection):
            service.leave_address()  # after it was listed with it
            connect(connection)

        monkeypatch.setattr(http.client.HTTPConnection, "connect", late)
        assert status_of_running(rig.environ) is None
        reached, _ = other.accept()
        with reached:
            assert reached.recv(1) == b""


def test_only_the_operator_is_told_which_installation_answers(rig):
    assert "Instep-Installation" in rig.get("/api/status").headers
    assert "Instep-Installation" not in rig.get("/api/status", VIEW).headers


@pytest.mark.usefixtures("web")
def test_the_command_imports_nothing_to_read_the_store(rig):
    look = f"""
import sys
from service.cli import main
main(["status"], standalone_mode=False)
main(["status", "--json"], standalone_mode=False)
assert not set({HEAVY}) & set(sys.modules), sys.modules.keys()
"""
    environ = {**os.environ, **rig.environ}
    argv = [sys.executable, "-c", look]
    said = subprocess.run(argv, capture_output=True, text=True, check=True, env=environ)  # noqa: S603
    page, brace, found = said.stdout.partition("\n{")
    assert "Balanced: yes" in page
    assert json.loads(brace + found)["balanced"] is True

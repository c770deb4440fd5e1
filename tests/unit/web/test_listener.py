"""The listening socket that processes share."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from service.web.listener import SharedListener, listen
from workers.errors import ConfigurationInvalid

ROOT = Path(__file__).parents[3]


@pytest.fixture
def listener():
    with contextlib.closing(listen("127.0.0.1:0")) as listener:
        yield listener


STOPPED = """
import socket, sys
from service.web.listener import SharedListener
fd = int(sys.argv[1])
SharedListener(fd).stop_accepting()
stopped = socket.socket(fileno=fd)
stopped.setblocking(False)
try:
    stopped.accept()
except BlockingIOError:
    sys.exit(0)
sys.exit(1)
"""


def test_a_process_that_stops_accepting_leaves_the_queue_to_the_others(listener):
    listener.settimeout(10)
    with socket.create_connection(listener.getsockname(), 10):
        fd = str(listener.fileno())
        command = [sys.executable, "-c", STOPPED, fd]
        subprocess.run(command, pass_fds=[int(fd)], cwd=ROOT, check=True)  # noqa: S603
        accepted, _ = listener.accept()
        accepted.close()


def test_once_all_have_stopped_connections_are_refused(listener):
    name = listener.getsockname()
    SharedListener(listener.fileno()).stop_accepting()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(name, 10)


def test_a_port_that_is_let_go_soon_is_waited_for(listener):
    bind = "{}:{}".format(*listener.getsockname())
    threading.Timer(0.3, listener.close).start()
    with contextlib.closing(listen(bind)):
        pass


def test_a_port_in_use_and_a_name_without_an_address_are_told(listener):
    bind = "{}:{}".format(*listener.getsockname())
    begun = time.monotonic()
    with pytest.raises(ConfigurationInvalid, match="found Address already in use, expected a free"):
        listen(bind)
    assert time.monotonic() - begun >= 1.0
    with pytest.raises(ConfigurationInvalid, match="found no address"):
        listen("no.such.host.invalid:80")

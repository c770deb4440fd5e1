"""Starts the plain pipeline: its store, one web server and two workers."""

# ruff: noqa: S603

import contextlib
import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

import redis

from service.demo.processes import SandboxSite
from tests.benchmarks import rig as rigs
from workers.embedded.layout import binary

WORKERS = 2
_STORE = ("--port", "0", "--appendonly", "yes", "--appendfsync", "always", "--save", "")


@contextlib.contextmanager
def plain(limit):
    """Run the plain pipeline against a sandbox, both new."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(rigs.folder())
        cms = stack.enter_context(rigs.sandbox(place, limit))
        secret, port = secrets.token_hex(16), _free_port()
        environ = {
            **os.environ,
            "CMS_URL": cms,
            "ERP_SECRET": secret,
            "PLAIN_SOCKET": str(place / "s"),
            "PLAIN_PORT": str(port),
        }
        commands = [[binary(), "--dir", str(place), "--unixsocket", str(place / "s"), *_STORE]]
        commands += [[sys.executable, "-m", "tests.benchmarks.plain", "web"]]
        commands += [[sys.executable, "-m", "tests.benchmarks.plain", "worker"]] * WORKERS
        started = []
        for command in commands:
            started.append(stack.enter_context(_running(command, environ, place / "plain.log")))
            if len(started) == 1:
                _await(lambda: redis.Redis(unix_socket_path=str(place / "s")).ping())
        _await(lambda: _answers(port))
        client = redis.Redis(unix_socket_path=str(place / "s"))
        _await(lambda: client.scard("rq:workers") == WORKERS)
        pids = tuple(process.pid for process in started)
        url = f"http://127.0.0.1:{port}"
        yield rigs.Rig(url, secret, SandboxSite(cms), pids, environ, place, lambda: _done(client))


@contextlib.contextmanager
def _running(command, environ, log):
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=environ, cwd=Path(__file__).parents[2], stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _done(client):
    """Whether no job is queued, waits for its next try, or runs."""
    with client.pipeline() as pipeline:
        pipeline.llen("rq:queue:plain")
        pipeline.zcard("rq:scheduled:plain")
        pipeline.zcard("rq:wip:plain")
        return not any(pipeline.execute())


def _await(ready, patience=20):
    ends = time.monotonic() + patience
    while True:
        with contextlib.suppress(OSError, redis.RedisError):
            if ready():
                return
        if time.monotonic() > ends:
            raise TimeoutError("the plain pipeline did not start")
        time.sleep(0.05)


def _answers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == http.HTTPStatus.NOT_FOUND
    finally:
        connection.close()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

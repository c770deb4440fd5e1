"""Two stores, one the replica of the other, and a Sentinel that watches them."""

import contextlib
import signal
import socket
import subprocess
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.store_server import server_binary

SERVICE = "instep"
PASSWORD = "sesame/#"  # of both stores
WITHIN = 30.0  # s for a server to start, or for a failover


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class SentinelServers:
    """
    Args:
        folder: Where they keep their files.
        guarded: The Sentinel asks for the password, too.
    """

    def __init__(self, folder, *, guarded=False):
        self._folder, self._started, self._clients = folder, {}, {}
        self.ports = [free_port(), free_port()]
        self.sentinel_port = free_port()
        for port in self.ports:
            self.start(port)
        self.client(self.ports[1]).replicaof("127.0.0.1", self.ports[0])
        lines = [
            f"port {self.sentinel_port}",
            "bind 127.0.0.1",
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.ports[0]} 1",
            f"sentinel auth-pass {SERVICE} {PASSWORD}",
            # Not less: on a busy machine it would take a new master for dead, and fail over twice.
            f"sentinel down-after-milliseconds {SERVICE} 3000",
            f"sentinel failover-timeout {SERVICE} 2000",
            *([f"requirepass {PASSWORD}"] if guarded else []),
        ]
        (folder / "sentinel.conf").write_text("\n".join(lines) + "\n")
        self._run(self.sentinel_port, [str(folder / "sentinel.conf"), "--sentinel"])
        options = {"password": PASSWORD} if guarded else {}
        self.sentinel = redis.Redis(port=self.sentinel_port, **options)
        wait(lambda: self.sentinel.sentinel_slaves(SERVICE))
        wait(lambda: self.client(self.ports[1]).info()["master_link_status"] == "up")

    @property
    def url(self):
        return f"redis+sentinel://:sesame%2F%23@127.0.0.1:{self.sentinel_port}/{SERVICE}"

    def start(self, port):
        """Start the store of *port*, with the files that it has."""
        place = self._folder / str(port)
        place.mkdir(exist_ok=True)
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(place), "--save", ""]
        options += ["--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync", "yes"]
        options += ["--repl-diskless-sync-delay", "0"]
        self._run(port, [*options, "--requirepass", PASSWORD, "--primaryauth", PASSWORD])
        wait(lambda: self.client(port).ping())

    def _run(self, port, options):
        with (self._folder / f"{port}.log").open("ab") as log:
            command = [server_binary(), *options]
            self._started[port] = subprocess.Popen(command, stdout=log, cwd=self._folder)  # noqa: S603

    def send(self, port, number):
        self._started[port].send_signal(number)

    def client(self, port):
        if port not in self._clients:
            options = {"password": PASSWORD, "decode_responses": True}
            self._clients[port] = redis.Redis(port=port, retry=Retry(NoBackoff(), 0), **options)
        return self._clients[port]

    def master(self):
        return int(self.sentinel.sentinel_masters()[SERVICE]["port"])

    def replica(self):
        return next(port for port in self.ports if port != self.master())

    def moved(self, before):
        """Wait until another store than *before* is the master."""
        wait(lambda: self.master() != before)
        wait(lambda: self.client(self.master()).info()["role"] == "master")

    def behind(self):
        """Return how many bytes the replica lacks."""
        offsets = [self.client(port).info()["master_repl_offset"] for port in self.ports]
        return max(offsets) - min(offsets)

    def fail_over(self, *how):
        """Let the Sentinel make the replica the master."""
        before = self.master()
        wait(lambda: self._fails_over(how))
        self.moved(before)

    def _fails_over(self, how):
        # It refuses until it has seen the replica, and while a failover is under way.
        with contextlib.suppress(redis.ResponseError):
            command = ("SENTINEL", "FAILOVER", SERVICE, *how)
            return self.sentinel.execute_command(*command) is not None
        return False

    def close(self):
        for client in (self.sentinel, *self._clients.values()):
            client.close()
        for process in self._started.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


def wait(condition):
    ends = time.monotonic() + WITHIN
    while True:
        with contextlib.suppress(redis.ConnectionError, redis.TimeoutError):
            if condition():
                return
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.05)

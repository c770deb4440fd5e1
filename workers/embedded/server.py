"""The server process of the embedded store, and the detection of a hung server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.embedded import pdeathsig
from workers.embedded.layout import Place, binary, room, unwritable
from workers.embedded.loading import progress_of
from workers.errors import StoreUnavailable

SILENCE = 30.0  # s that a starting server may neither answer nor report loading
ANSWER = 1.0  # s for one PING
UNANSWERED = 5  # PINGs in a row, after which an idle server is killed
STOPPED = 3  # … a stopped one (SIGSTOP)
BUSY = 30  # … one that uses the CPU, or waits for it or for its disk

_STOP = 10.0  # s to stop before it is killed
_LARGEST_LOG = 1_000_000  # bytes
_WORKING = 0.2  # share of the time on a CPU


class Server:
    """One server process. It inherits *lock*, a file descriptor."""

    def __init__(self, place: Place, memory_mb: int, lock: int) -> None:
        place.prepare(memory_mb)
        self._place = place
        self._watch = PingMonitor(place)
        try:
            with place.log.open("ab") as log:
                if log.tell() > _LARGEST_LOG:
                    log.truncate(0)
                self._logged = log.seek(0, os.SEEK_END)
                self._process = subprocess.Popen(  # noqa: S603  # our own argv
                    pdeathsig.program(binary(), str(place.configuration)),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=place.data,
                    pass_fds=(lock,),
                    start_new_session=True,  # Ctrl-C is for the supervisor
                )
        except OSError as error:
            raise StoreUnavailable(unwritable(place.data, error)) from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def answers(self) -> bool:
        return self._watch.answers()

    @property
    def loads(self) -> bool:
        """Whether it said so at the last question."""
        return self._watch.loads

    def progress(self) -> str:
        return self._watch.progress()

    def hangs(self) -> bool:
        return self._watch.hangs(self.pid)

    @property
    def silent(self) -> bool:
        """Whether the last PING was unanswered."""
        return self._watch.unanswered > 0

    def close(self) -> None:
        self._watch.close()

    def exit_message(self) -> str:
        """Return how it ended, with its last log lines unless it was killed."""
        status = self._process.returncode
        if status < 0:
            return f"the embedded store was ended by signal {-status}"
        with self._place.log.open("rb") as log:
            log.seek(self._logged)
            lines = log.read().decode(errors="replace").splitlines()
        said = "\n  ".join(lines[-5:])
        ended = f"the embedded store ended with status {status}{room(self._place.data)}"
        return f"{ended}; {self._place.log} ends with:\n  {said}" if said else ended

    @property
    def failed(self) -> bool:
        """Whether it exited by itself with an error."""
        return (self._process.poll() or 0) > 0

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.send_signal(signal.SIGCONT)  # a stopped process would not get SIGTERM
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class PingMonitor:
    """Sends PINGs to the server of *place*; *silence* as in `SILENCE`."""

    def __init__(self, place: Place, silence: float = SILENCE) -> None:
        self._silence = silence
        self._ends = time.monotonic() + silence
        self.loads = False  # its data, at the last PING
        self.unanswered = 0  # PINGs in a row
        self._used = 0.0  # CPU seconds of the server at the first unanswered PING
        self._since = 0.0
        self._client = redis.Redis(
            unix_socket_path=str(place.socket),
            socket_timeout=ANSWER,
            driver_info=None,  # else it looks for the version of redis-py on disk
            retry=Retry(NoBackoff(), 0),
        )

    def answers(self) -> bool:
        """
        Return whether the server has loaded its data and answers; StoreUnavailable after *silence*.
        """
        self.loads = False
        try:
            return bool(self._client.ping())
        except redis.exceptions.BusyLoadingError:
            self.loads = True
            self._ends = time.monotonic() + self._silence
        except redis.exceptions.RedisError as error:
            if time.monotonic() > self._ends:
                raise StoreUnavailable(f"the embedded store does not answer: {error}") from error
        return False

    def progress(self) -> str:
        """Return how far a server is that loads its data; "" if it does not say."""
        with contextlib.suppress(redis.exceptions.RedisError):
            return progress_of(self._client.info("persistence"))
        return ""

    def hangs(self, pid: int) -> bool:
        """Send a PING. Counts PINGs, not seconds, so that our own suspension is no silence."""
        try:
            self._client.ping()
        except redis.exceptions.ResponseError:
            pass  # an error such as "BUSY" is an answer
        except redis.exceptions.RedisError:
            return self._is_silent(pid)
        self.unanswered = 0
        return False

    def close(self) -> None:
        self._client.close()

    def _is_silent(self, pid: int) -> bool:
        state, used = activity(pid)
        if not self.unanswered:
            self._used, self._since = used, time.monotonic()
        self.unanswered += 1
        return is_hung(self.unanswered, state, used - self._used, time.monotonic() - self._since)


def is_hung(unanswered: int, state: str, used: float, seconds: float) -> bool:
    """
    Tell whether a server must be killed.

    Args:
        unanswered: PINGs in a row.
        state: Letter of the process state; "": unknown.
        used: CPU seconds since the first unanswered PING.
        seconds: Time since then.
    """
    if state == "T":
        return unanswered >= STOPPED
    # Runnable and without a CPU: on a busy machine it waits for its turn.
    works = state in ("D", "R") or (seconds > 0 and used / seconds > _WORKING)
    return unanswered >= (BUSY if works else UNANSWERED)


def activity(pid: int) -> tuple[str, float]:
    """Return the state and the CPU seconds of process *pid*; "", 0: unknown."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # "pid (name) state …": the name may contain brackets.
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return words[0], (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return "", 0.0

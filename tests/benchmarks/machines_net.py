"""
Machines of their own: a namespace of network, processes and host name for each, on one bridge.

The bench's process leaves the network of its machine for one of its own, in which the bridge, the
store and the stand-in site are (10.203.0.1). Nothing has a name outside of it: what was made ends
with the last process in it, however the bench ends.

Where that is not allowed, the machines are addresses of this one: then no link can be cut.
"""

import ctypes
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field

from workers.embedded import pdeathsig
from workers.runtime.heartbeats import children

NETWORK = "10.203.0"
BRIDGE = "instep"
_NEW_NETWORK = 0x4000_0000  # CLONE_NEWNET
_BEGIN = "echo {name} > /proc/sys/kernel/hostname; ip link set lo up; echo up; exec sleep infinity"
_NEW = ("--net", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")


def ip(*words, inside=None):
    enter = ("nsenter", f"--net=/proc/{inside}/ns/net") if inside else ()
    subprocess.run((*enter, "ip", *words), check=True, capture_output=True)  # noqa: S603


def leave_network():
    """
    Move this process into a network of its own, with a bridge.

    Raises OSError or CalledProcessError if it may not, or could make no machines there.
    """
    whole = "ip link add type veth && " + _BEGIN.partition("; exec")[0].format(name="probe")
    tried = ("unshare", *_NEW, "sh", "-e", "-c", whole)
    subprocess.run(tried, check=True, capture_output=True)  # noqa: S603
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare")
    ip("link", "set", "lo", "up")
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("addr", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")


@dataclass
class Namespaces:
    """A machine of its own; `boot` comes first."""

    number: int
    middle = f"{NETWORK}.1"  # where store and stand-in are
    boots: int = 0

    @property
    def name(self):
        return f"machine-{'ab'[self.number]}"

    @property
    def host(self):
        return f"{NETWORK}.{2 + self.number}"

    @property
    def source(self):
        """The address that its calls come from."""
        return self.host

    def boot(self):
        # Its processes end with the first of them, and that with us.
        words = ("unshare", *_NEW, "sh", "-c", _BEGIN.format(name=self.name))
        begin = ("/usr/bin/env", *words)
        self._outer = subprocess.Popen(  # noqa: S603  # our own argv
            pdeathsig.program(*begin),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if self._outer.stdout.readline() != b"up\n":
            raise OSError("a machine does not begin")
        (self._first,) = children(self._outer.pid)
        self.boots += 1
        # The link of the last boot may go a little later.
        self._link = f"m{self.number}b{self.boots}"
        peer = ("peer", "name", "eth0", "netns", str(self._first))
        ip("link", "add", self._link, "type", "veth", *peer)
        ip("link", "set", self._link, "master", BRIDGE, "up")
        ip("addr", "add", f"{self.host}/24", "dev", "eth0", inside=self._first)
        ip("link", "set", "eth0", "up", inside=self._first)

    def command(self, *words):
        """Return the argv that runs ``instep *words*`` there."""
        enter = ("nsenter", "--target", str(self._first), "--net", "--uts", "--pid", "--mount")
        own = (sys.executable, "-P", pdeathsig.__file__, "0", "-m", "service", *words)
        return [*enter, "--", *own]

    def ask_to_end(self, process):
        """Send SIGTERM to what `command` has started as *process*, which is not it itself."""
        for pid in children(process.pid):
            os.kill(pid, signal.SIGTERM)

    def power_off(self, _):
        """End all its processes at once, as a power cut does."""
        os.kill(self._first, signal.SIGKILL)
        self._outer.wait(30)
        self._outer.stdout.close()

    def cut(self):
        ip("link", "set", self._link, "down")

    def join(self):
        ip("link", "set", self._link, "up")


@dataclass
class Addresses:
    """An address of this machine in the place of one: without namespaces."""

    number: int
    middle = source = "127.0.0.1"
    name: str = field(init=False)

    def __post_init__(self):
        self.name = self.host = f"127.0.0.{2 + self.number}"

    def boot(self):
        """It is there already."""

    def command(self, *words):
        return pdeathsig.module("service", *words)

    def ask_to_end(self, process):
        process.terminate()

    def power_off(self, processes):
        for pid in [pid for each in processes for pid in tree(each.pid)]:
            os.kill(pid, signal.SIGKILL)


def tree(pid):
    return [pid, *(below for child in children(pid) for below in tree(child))]

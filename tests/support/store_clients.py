"""Clients of a store that hangs, or is away, until it is told to answer."""

import threading
import time

import redis


def eventually(look, within=10.0):
    ends = time.monotonic() + within
    while not look():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.01)


class Hanging:
    """A client whose store does not answer until it is told to."""

    def __init__(self, client):
        self.client = client
        self.answers, self.asked = threading.Event(), threading.Event()

    def fcall(self, *call):
        self.wait()
        return self.client.fcall(*call)

    def wait(self):
        self.answers.wait()


class Away(Hanging):
    """A client whose store is away until it is told to answer."""

    def wait(self):
        self.asked.set()
        if not self.answers.is_set():
            raise redis.ConnectionError("no answer")


class Unheard(Away):
    """A client whose store does what it is asked, but its answers come too late."""

    def fcall(self, *call):
        found = self.client.fcall(*call)
        self.wait()
        return found

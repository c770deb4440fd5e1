"""A thread with fibers."""

import threading
from concurrent.futures import Future
from functools import partial

from workers import fibers


class FiberThread:
    """Carries out calls in fibers of a thread of its own, which ends with the process."""

    def __init__(self):
        self.host = fibers.Host()
        self.thread = threading.Thread(target=self.host.run, daemon=True)
        self.thread.start()

    def submit(self, function, *arguments):
        """Call *function* in a fiber, and return its result to come."""
        future = Future()

        def carried_out():
            try:
                future.set_result(function(*arguments))
            except BaseException as error:
                future.set_exception(error)

        self.host.call(partial(self.host.begin, carried_out))
        return future

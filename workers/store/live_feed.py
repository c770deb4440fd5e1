"""
What comes and goes, for whoever watches: lines of JSON by publish and subscribe, kept nowhere.

Not a stream: that would cost each delivery a write, also while nobody watches. Here a process asks
once a second whether somebody does, and only when it has something to say.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

import redis

from workers.store import keys

EVERY = 1.0  # s between questions whether somebody watches
REST = 10.0  # s after an error of the store
MOST = 1000  # lines that wait to be published; beyond that the oldest are dropped
_PART = 100  # lines in one round trip


class LiveFeed:
    """
    Publishes lines. Safe to share between threads; never waits for the store, and raises nothing.

    Args:
        client: With timeouts.
        clock: Seconds.
        start: Starts the thread that publishes.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[threading.Thread], object] = threading.Thread.start,
    ) -> None:
        self._client = client
        self._clock = clock
        self._start = start
        self._lines: deque[str] = deque(maxlen=MOST)
        self._wanted = threading.Event()
        self._watched = False
        self._asks_at = float("-inf")
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether a line may have a reader, or it is time to ask."""
        return self._watched or self._clock() >= self._asks_at

    def offer(self, line: str) -> None:
        """Publish *line* soon, if somebody watches."""
        self._lines.append(line)
        self._wanted.set()
        if self._thread is None:
            self._begin()

    def publish(self) -> None:
        """Publish what waits, or drop it if nobody watches."""
        try:
            now = self._clock()
            if now >= self._asks_at:
                self._asks_at = now + EVERY
                self._watched = self._client.pubsub_numsub(keys.LIVE_FEED)[0][1] > 0
            while self._watched and self._lines:
                with self._client.pipeline(transaction=False) as pipeline:
                    for line in self._taken():
                        pipeline.publish(keys.LIVE_FEED, line)
                    pipeline.execute()
        except redis.RedisError:
            # Not logged: that would be a line to publish.
            self._watched, self._asks_at = False, self._clock() + REST
        if not self._watched:
            self._lines.clear()

    def _taken(self) -> Iterator[str]:
        for _ in range(min(_PART, len(self._lines))):
            yield self._lines.popleft()

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live feed", daemon=True)
                self._start(self._thread)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            self.publish()

"""
Pictures are looked at before the CMS is told to import them.

What is certainly none of its kind costs no call, and holds up no other field. One slow host holds
up nothing: all pictures of a batch together have two seconds, and what has not answered by then
passes, as does what nobody could look at.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from workers.fields.files import addresses
from workers.model.attempts import Batch
from workers.outgoing.picture_request import picture_refusal
from workers.transport.plain_session import is_proxy_set
from workers.webflow.item_payloads import Prepared, refused

SECONDS: Final = 2.0  # for a batch
GOOD_FOR: Final = 600.0  # s that a picture is not looked at again
BAD_FOR: Final = 30.0  # … that was refused: somebody may have replaced it
MOST: Final = 5000  # addresses that are remembered
THREADS: Final = 8  # at once: a name that is looked up for long holds one

Look = Callable[[str], str | None]


def _look(url: str) -> str | None:
    return picture_refusal(url, seconds=SECONDS)


class PictureChecks:
    """
    Looks at pictures, and remembers for a while what it saw; for one process, in any thread.

    Args:
        look: Returns why an address has certainly no picture, or None.
        clock: Seconds.
    """

    def __init__(
        self,
        look: Look = _look,
        *,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._seconds = seconds
        self._clock = clock
        self._seen: dict[str, tuple[float, str | None]] = {}  # until when, and why it is refused
        self._lock = threading.Condition()
        self._running: set[str] = set()

    def check(self, batch: Batch, prepared: Prepared) -> Prepared:
        """Return *prepared* without the pictures that the CMS would surely refuse."""
        found = {
            (record, slug): urls
            for record, slug, urls in _pictures(batch, prepared)
            if urls and not is_proxy_set()  # a proxy would look up the names itself
        }
        reasons = self.refusals([url for urls in found.values() for url in urls])
        bad: dict[str, dict[str, str]] = {}
        for (record, slug), urls in found.items():
            words = next((reasons[url] for url in urls if reasons.get(url)), None)
            if words is not None:
                bad.setdefault(record, {})[slug] = f"{words}, at the address of the picture"
        return refused(prepared, bad) if bad else prepared

    def refusals(self, urls: Iterable[str]) -> Mapping[str, str]:
        """Return why those of *urls* are refused that surely are, after two seconds at most."""
        wanted = dict.fromkeys(urls)
        ends = self._clock() + self._seconds
        with self._lock:
            while waits := [url for url in wanted if not self._knows(url)]:
                self._begin(waits)
                left = ends - self._clock()
                if left <= 0 or not self._lock.wait(left):
                    break
            seen = ((url, self._seen.get(url)) for url in wanted)
            return {url: known[1] for url, known in seen if known and known[1]}

    def _knows(self, url: str) -> bool:
        known = self._seen.get(url)
        return known is not None and known[0] > self._clock()

    def _begin(self, urls: Iterable[str]) -> None:
        for url in urls:
            if len(self._running) >= THREADS:
                return
            if url not in self._running:
                self._running.add(url)
                # A daemon: a process that ends waits for none of them.
                threading.Thread(target=self._run, args=(url,), daemon=True).start()

    def _run(self, url: str) -> None:
        words = None
        try:
            words = self._look(url)
        finally:
            with self._lock:
                self._running.discard(url)
                if len(self._seen) >= MOST:
                    self._seen.pop(next(iter(self._seen)))
                self._seen[url] = (self._clock() + (BAD_FOR if words else GOOD_FOR), words)
                self._lock.notify_all()


def _pictures(batch: Batch, prepared: Prepared) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield record, slug and the addresses of what the CMS would import as pictures."""
    for item in batch.items:
        values = prepared.values.get(item.record, {})
        for field in item.fields:
            # No page states limits for files of other kinds.
            if field.type.startswith("image") and field.slug in values:
                yield item.record, field.slug, addresses(values[field.slug])

"""What the pages of sources are tested on: refused requests, and time that passes."""

from workers.store.minute_samples import MinuteSamples
from workers.store.refusal_list import Refused
from workers.store.refusals import Refusals

MINUTE_MS = 60_000


def refuse(console, source="erp", reason="refused", times=1, message="no header", checked=None):
    """Count and list refused requests, as the web process does."""
    refusals = Refusals(console.context.steps.client)
    refusals._start = lambda: None
    for _ in range(times):
        refusals.count(source, reason)
        refusals.list(source, Refused(reason, 401, message), lambda: checked or {})
    refusals.flush()


class Sampled:
    """Samples of the counters around what is done inside, minutes ago and a minute apart."""

    def __init__(self, console):
        self._steps, self._settings = console.context.steps, console.context.settings

    def __enter__(self):
        now = MinuteSamples(self._steps, self._settings).read().now
        self._steps.clock_offset_ms = int(MINUTE_MS - now % MINUTE_MS) + 20 - 4 * MINUTE_MS
        self._sample()

    def __exit__(self, *_):
        self._sample()
        self._steps.clock_offset_ms = 0

    def _sample(self):
        MinuteSamples(self._steps, self._settings).look()
        self._steps.clock_offset_ms += MINUTE_MS

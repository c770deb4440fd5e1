"""
A load, played by a clock that stands still unless it is moved: the engine, a store and the sandbox.

What the machine is busy with takes no time of that clock, so that every run makes the same calls.
"""

import math
import time
from collections import Counter
from functools import cache
from operator import itemgetter

from service.sandbox.seeds.samples import PRODUCTS
from tests.support.reconcile_rig import Reconciling
from workers.model.attempts import Lookup, Wait
from workers.store.scripts import Steps
from workers.store.step_library import Library, library

REQUEST = 0.1  # s that the CMS takes to answer
# What the steps begin with, and what stands there instead.
CLOCK = "local clock = redis.call('TIME')"
STILL = "local clock = {0, (request.still_ms - tonumber(offset_ms)) * 1000}"
MOST = 100_000  # steps of one load: more are a loop that does not end
# Listings that no item of a site in use waits for: what others have edited, deleted or localized.
UNASKED = (":edits", ":round", "variants")
KINDS = (
    ("filter[", "look-up"),
    ("offset=", "listing"),
    ("/publish", "publish"),
    ("/sites", "site"),
)


class StillSteps(Steps):
    """Steps whose clock, also that of the store, goes on only when it is moved."""

    def __init__(self, client):
        self.ms = int(time.time() * 1000)
        super().__init__(client)

    @property
    def clock_offset_ms(self):
        return self.ms - int(time.time() * 1000)

    @clock_offset_ms.setter
    def clock_offset_ms(self, _):
        """It is what it is."""

    def now(self):
        return self.ms / 1000

    def _text(self, request):
        return super()._text(request | {"still_ms": self.ms})

    @property
    def library(self):
        return still()


@cache
def still():
    """The steps with such a clock."""
    text = library().text
    assert text.count(CLOCK) == 1
    return Library(text.replace(CLOCK, STILL), library().flags)


class Play(Reconciling):
    """
    One site behind one destination.

    Args:
        store: A client of an empty store.
        options: See `Way`.
    """

    steps_of = StillSteps

    def __init__(self, store, **options):
        self.is_right, self.right_at, self.begun, self.unasked = lambda: False, None, 0.0, 0
        collection = {"preflight": True} | options.pop("collection", {})  # as by default
        super().__init__(store, **options)
        self.configure(**collection)

    def begin(self, **destination):
        super().begin(**destination)
        self._working, self._wait, self._beside = False, None, False
        claim = self.context.outbox.claim

        def claimed(*given, **told):
            step = claim(*given, **told)
            self._beside = isinstance(step, Lookup) and (step.slot or step.kind) in UNASKED
            return step

        self.context.outbox.claim = claimed

    def now(self):
        return self.steps.now()

    def moved(self):
        return self.steps.now()

    def pass_time(self, seconds):
        self.steps.ms += math.ceil(1000 * seconds)

    def _recording(self, app):
        serve = super()._recording(app)

        def record(environ, start_response):
            self.pass_time(REQUEST)
            answer = serve(environ, start_response)
            self.unasked += self._beside
            if environ["REQUEST_METHOD"] != "GET" and self.right_at is None and self.is_right():
                self.right_at = self.now()
            return answer

        return record

    def begin_load(self, is_right):
        """
        The load begins now: what was asked until now does not count.

        *is_right*: tells whether the site shows what it should in the end.
        """
        self.begun, self.is_right, self.right_at = self.now(), is_right, None
        self.forget_requests()
        self.unasked = 0  # calls that no item waits for: they notice what others have edited
        self.site.calls.clear()

    def play(self, arrivals, after=math.inf):
        """
        Let *arrivals* come, each (seconds, what to do then), and work until nothing is left, or
        for *after* seconds behind the moment at which all of it was done.
        """
        coming, till = sorted(arrivals, key=itemgetter(0), reverse=True), math.inf
        for _ in range(MOST):
            if not coming and till == math.inf and after < math.inf and self.is_done():
                till = self.now() + after
            if self.now() > till:
                return
            while coming and self.begun + coming[-1][0] <= self.now():
                coming.pop()[1]()
            if self._is_woken():
                self._step()
            elif not self._pause(coming):
                return
        raise AssertionError(f"{MOST} steps and no end: {self.requests[-3:]}")

    def is_done(self):
        """Whether the site is right, and nothing of the load is left."""
        return self.right_at is not None and self.counts()["pending"] == 0

    def _is_woken(self):
        return self._working or "site" in self.queued or "site" in self.context.outbox.sweep()[0]

    def _step(self):
        """Do one step of the job of the destination, which begins where none is running."""
        if not self._working:
            self.queued.discard("site")
            self.context.outbox.job_started("site")
        found = self.step()
        self._working = not isinstance(found, Wait)
        self._wait = None if self._working or found.seconds is None else self.now() + found.seconds

    def _pause(self, coming):
        """Move the clock to what comes next; False: nothing does."""
        times = [self.begun + coming[-1][0]] if coming else []
        times += [self._wait] if self._wait is not None else []
        if not times:
            return False
        self.pass_time(max(0.001, min(times) - self.now()))
        if self._wait is not None and self._wait <= self.now():
            self._wait = None
        return True

    # what came of it

    def calls(self):
        """Kind → calls of the load."""
        return Counter(map(kind_of, self.requests)) - Counter(listing=self.unasked)

    def too_many(self):
        """How many calls the CMS refused since the start because they were too many."""
        return self.site.calls.statuses[429]


def kind_of(request):
    """What a request is for."""
    words = request.path + "?" + "&".join(f"{name}=" for name in request.query)
    for mark, kind in KINDS:
        if mark in words:
            return kind
    if request.method == "GET":
        ends = request.path.rsplit("/", 2)
        return "schema" if ends[-1] == PRODUCTS or ends[-2] == "collections" else "item"
    return {"PATCH": "write", "PUT": "write", "POST": "create", "DELETE": "delete"}[request.method]

"""A source that is pulled: a list that changes and fails while it is read."""

import contextlib
import json
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from unittest import mock

from service.fetchers.responses import Answer
from service.pulls import requester, runner
from service.pulls.pull_state import PullState
from service.reconcile import runner as reconciles
from service.reconcile.options import ReconcileOptions
from service.reconcile.run import ReconcileRun
from service.reconcile.snapshot.mapping_choice import chosen
from service.reconcile.snapshot.rows import Rows
from service.reconcile.state.working_set import WorkingSet
from tests.support.paged_api import Changing, PagedApi, product
from workers.delivery import reads
from workers.errors import FetchUnavailable, PullFailed

FEED = "goods"  # the collection that it fills
RESET = (0, {}, b"")  # no answer
REFUSED = (
    (500, {}, b"down"),
    (429, {"retry-after": "3"}, b""),
    (503, {"retry-after": "900"}, b""),
    (401, {}, b"who?"),
    (200, {"content-type": "text/html"}, b"<html><body>back soon</body></html>"),
    (302, {"location": "http://169.254.169.254/latest"}, b""),
)


class Feed(Changing):
    """
    The list, and what of it no reading may take for gone.

    ``always``: keys of records that have been there from the beginning on; ``given``: keys of those
    that a pull has taken.
    """

    def __init__(self, page, count):
        records = [product(n, sku=f"K{n}", name=f"goods {n}") for n in range(1, count + 1)]
        super().__init__(PagedApi(records, page=page, size=4, each=self), None, 0, 0)
        self.broken = 0  # answers that are none
        self._moves = 0
        self.given, self.served = set(), set()

    def next_reading(self, chance, *, breaks):
        """How the next pull goes; *breaks*: answers fail, and the list changes meanwhile."""
        self.rng, self.api.total = chance, chance.random() < 0.4
        self.changes, self.faults, self.broken = (
            (chance.choice((0, 1, 3)), chance.choice((0, 0, 1)), chance.choice((0, 0, 2, 7)))
            if breaks
            else (0, 0, 0)
        )
        self.lies = [b'{"data": []}', b'{"data": [], "total": 0}']
        # What moves from behind the page that is read to before it is on none: twice in one pull,
        # and no reading can show it.
        self._moves, self.served = 1, set()

    def __call__(self, call):
        answer = super().__call__(call)
        if answer is None and self.broken and self.rng.random() < 0.3:
            self.broken -= 1
            answer = self.rng.choice((*REFUSED, RESET))
        return answer

    def change(self):
        before = list(self.api.records)
        super().change()
        if sorted(map(str, before)) == sorted(map(str, self.api.records)):
            self._moves -= 1
            if self._moves < 0:
                self.api.records[:] = before
        self.always &= self.keys()

    def ask(self, _, request, **__):
        """As `service.fetchers.requests_once.ask`."""
        answer = self.api.answer(request.url)
        if answer == RESET:
            raise FetchUnavailable("connection reset")
        status, headers, body = answer
        with contextlib.suppress(ValueError):
            self.served |= {each["sku"] for each in json.loads(body)["data"]}
        lower = {name.lower(): value for name, value in headers.items()}
        return Answer(status, {"content-length": str(len(body))} | lower, body)

    @property
    def wanted(self):
        """Key → the fields that its item must have."""
        return {r["sku"]: {"name": r["name"], "stock": r["qty"]} for r in self.api.records}


class Pulling:
    """Of a World."""

    feed = None

    def pull(self, chance, *, breaks=True):
        """Pull the feed once; returns the result, or None: nothing could be read."""
        self.feed.next_reading(chance, breaks=breaks)
        pull = self.settings.pulls["feed"]
        moment = SimpleNamespace(now=lambda _: datetime.fromtimestamp(self.clock.t, UTC))
        asking = partial(
            requester.Requester, sleep=self.pass_time, now=self.now, spread=lambda: 0.5
        )
        with (
            mock.patch.object(runner, "datetime", moment),
            mock.patch.object(runner, "Requester", asking),
            mock.patch.object(requester, "ask", self._ask),
            mock.patch.object(reads, "Client", return_value=self.line),
            contextlib.suppress(PullFailed),
            runner.opened(
                pull, runner._ids(runner.rules_of(self.configuration, pull)), PullState()
            ) as records,
            WorkingSet() as table,
        ):
            if not records.size:
                return None
            rows = Rows(records, chosen(self.configuration.mappings, FEED, source="feed"))
            own = self.settings.collections[FEED]
            run = ReconcileRun(self.context, own, rows, table, sleep=self.sleep)
            options = ReconcileOptions(FEED, source="feed", pull=True)
            outcome = reconciles.carry_out(run, options, None)
            self.feed.given |= self.feed.served
            return outcome

    def _ask(self, *given, **options):
        self.client.point("before a page")
        return self.feed.ask(*given, **options)

    def check_feed(self):
        """What was always there is not taken for gone."""
        for key in self.feed.always if self.feed else ():
            items = self.cms.items(FEED, key)
            if not items or items[0].staged.archived:
                self.failed.append(f"{FEED} {key}: it is away, and always was in the feed")

    def judge_feed(self, outcome):
        """The items are those of the list as it is."""
        wanted = self.feed.wanted
        for key, fields in wanted.items():
            items = self.cms.items(FEED, key)
            if len(items) != 1:
                (outcome.twice if items else outcome.lost).append(f"{FEED} {key}: {len(items)}")
                continue
            staged = items[0].staged
            shown = {slug: staged.fields.get(slug) for slug in fields}
            if shown != fields or staged.archived:
                outcome.lost.append(f"{FEED} {key}: {shown} {staged.archived}, not {fields}")
        for item in self.cms.all_of(FEED):
            key = item.staged.fields["sku"]
            if key in self.feed.given - wanted.keys() and not item.staged.archived:
                outcome.lost.append(f"{FEED} {key}: it is gone, and its item is not archived")

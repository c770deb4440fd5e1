"""What a way out has published, and what keeps it from that."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from service.operate.reasons import Seen, reasons_of
from service.sandbox.api.api_version import answer
from service.sandbox.api.v2_collections import Collections
from service.sandbox.faults.faults import Fault, Match
from service.sandbox.site.publish import check_limit, publish_site

CUSTOM = "65e0000000000000000000d1"  # id of the site's custom domain


def no_collections_of(monkeypatch, *ids):
    """Let the token see other sites, by their ids, of which none has a collection."""
    listed = Collections.list_all

    def list_all(views, ask, sid):
        return answer({"collections": []}) if sid in ids else listed(views, ask, sid)

    monkeypatch.setattr(Collections, "list_all", list_all)


class Publishes:
    """The publishes of *way*, a `tests.support.delivery_rig.Way`."""

    def __init__(self, way):
        self.way = way

    def published(self):
        """The requests that publish items, or the site."""
        return [r for r in self.way.posts() if r.path.endswith("/publish")]

    def refused(self):
        """How many requests were too many."""
        return int(self.way.store.hget("instep:destination:site", "rate_limited") or 0)

    def equal(self):
        """Whether the live copy of every product equals the staged one."""
        return all(
            item.live is not None and item.live.fields == item.staged.fields
            for item in self.way.products.items.values()
        )

    def waiting(self):
        """Record → the state in which it waits for a publish."""
        held = self.way.store.hgetall("instep:unpublished-of:products")
        return {record: json.loads(text)["state"] for record, text in held.items()}

    def status(self):
        return self.way.context.report.status()["destinations"]["site"]["publish"]

    def reasons(self):
        found = reasons_of(Seen(status=self.way.context.report.status()))
        return [each for each in found if "publish " in each.name]

    # what others do

    def draft(self, n, name):
        """An editor edits the *n*-th product, and keeps that as a draft."""
        self._edit(n, name, draft=True)

    def queue(self, n, name):
        """An editor edits the *n*-th product, for the next publish."""
        self._edit(n, name, draft=False)

    def _edit(self, n, name, *, draft):
        self.way.pass_time(0.01)
        item = self.way.products.items[self.way.id(n)]
        fields = {**item.staged.fields, "name": name}
        changed = replace(item.staged, fields=fields, draft=draft, updated=self.way.site.now())
        self.way.products.store(item, changed)

    def by_hand(self):
        """Somebody publishes the site."""
        check_limit(self.way.site)
        publish_site(self.way.site)

    # what goes wrong

    def fault(self, kind, *, times, method="POST", path="*/publish", **options):
        """Arm a fault, for publishes by default."""
        match = Match(method=method, path=path)
        self.way.site.faults.add(Fault(kind, match, **options), times=times, seconds=None)

    def before_publish(self, do):
        """*do* it once, as the next publish has come to the CMS."""

        def watch():
            if self.way.requests[-1].path.endswith("/publish"):
                do()
            else:
                self.way.on_request = watch

        self.way.on_request = watch

    def window_opens_in(self, seconds):
        """Begin anew with a window of two hours that opens then."""
        opens = datetime.fromtimestamp(self.way.now(), UTC) + timedelta(seconds=seconds)
        closes = opens + timedelta(hours=2)
        self.way.begin(publish_window=f"{opens:%H:%M}-{closes:%H:%M}")

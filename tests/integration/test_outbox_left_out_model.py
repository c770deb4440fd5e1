"""
Whatever comes in whatever order: of each field the newest event decides. If that one could not be
read there, its letter is open and says so; if it could, no letter holds that field.
"""

import json
from dataclasses import dataclass, field

import hypothesis
from hypothesis import strategies as st

from tests.support.depth import examples
from tests.support.outbox_driver import Bench, at, change
from workers.model.changes import FieldProblem, Incoming, LeftOut
from workers.store.outbox import balanced

SLUGS = ("name", "price", "stock")
PROBLEM = FieldProblem("qty", "Not a valid integer.")


@dataclass
class Sent:
    """One event of the source, and what became of it."""

    id: str
    second: int
    readable: set
    fields: set
    order: int = 0
    taken: set = field(default_factory=set)
    left: set = field(default_factory=set)


class Model:
    """Which event is the newest of each field, by version and then by the order of arrival."""

    def __init__(self):
        self.order = 0
        self.events = {}

    def deliver(self, event):
        known = self.events.get(event.id)
        if known and known.taken:
            if not self.entries(known.id):
                return  # a duplicate
            known.taken |= known.left & event.readable
            known.left -= event.readable
            return
        self.order += 1
        event.order = self.order
        event.taken, event.left = event.fields & event.readable, event.fields - event.readable
        self.events[event.id] = event

    def newest(self, slug):
        touched = [e for e in self.events.values() if slug in e.taken | e.left]
        return max(touched, key=lambda e: (e.second, e.order), default=None)

    def entries(self, id=None):
        newest = {slug: self.newest(slug) for slug in SLUGS}
        return {
            (each.id, slug): at(each.second)
            for slug, each in newest.items()
            if each and slug in each.left and id in (None, each.id)
        }


def incoming(event):
    version = at(event.second)
    good = {slug: f"{event.id} {slug}" for slug in sorted(event.fields & event.readable)}
    left = tuple(
        LeftOut("products", "i1", "item", slug, version)
        for slug in sorted(event.fields - event.readable)
    )
    changes = (change("i1", good, version=version),) if good else ()
    return Incoming(event.id, "t", 0, changes, (PROBLEM,) * bool(left), left=left)


def open_entries(bench):
    return {
        (json.loads(letter["events"])[0], json.loads(name[2:])[2]): version
        for letter in bench.letters()
        for name, version in letter.items()
        if name[:2] == "o:"
    }


slugs = st.sets(st.sampled_from(SLUGS), min_size=1)
deliveries = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 3), slugs, st.sets(st.sampled_from(SLUGS))),
    min_size=1,
    max_size=12,
)


@examples(20, 150, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(deliveries)
def test_of_each_field_the_newest_event_decides(store, drawn):
    store.flushall()
    bench, model, first = Bench(store), Model(), {}
    for n, second, fields, readable in drawn:
        second, fields, known = first.setdefault(n, (second, fields, set()))
        known |= readable  # a mapping is only ever corrected
        event = Sent(f"e{n}", second, set(known), fields)
        bench.accept(incoming(event), body=b"%d" % n)
        model.deliver(event)
        assert open_entries(bench) == model.entries()
        assert balanced(bench.counts())
        for slug in SLUGS:
            newest = model.newest(slug)
            if newest and slug in newest.taken:
                assert bench.value("i1", slug) == f"{newest.id} {slug}"

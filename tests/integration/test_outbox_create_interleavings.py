"""A request to create an item, another worker and an event, in every order of their steps."""

import json

import pytest

from tests.integration.test_outbox_interleavings import interleavings, steps_of
from tests.support.depth import some
from tests.support.moment import Moment
from tests.support.outbox_driver import Bench, event
from workers.model.attempts import Batch, ItemOutcome, Lookup, Wait

LATE_MS = 60_000
SEND_MS = 15_000
ENDS = {
    "answered": ("claim", "send", "land", "settle"),
    "no answer, landed": ("claim", "send", "land", "give up"),
    "no answer, lands later": ("claim", "send", "give up", "land"),
    "killed after it was sent": ("claim", "send", "land"),
    "killed before it was sent": ("claim",),
}


class Story:
    """One order of the steps, played on an outbox and a CMS that gives every request an item."""

    def __init__(self, store, seconds):
        self.bench, self.seconds = Bench(store, missing="create"), seconds
        products = self.bench.settings.collections["products"]
        store.set(f"instep:schema:products:{self.bench.settings.copy_of(products)}", "[]")
        self.items = {}  # id → (key, values, when created)
        self.flights = {}  # worker → (batch, ms of its claim)
        self.sent, self.landed = {}, set()
        self.put(1)
        self.bench.list_all()

    def put(self, stock):
        self.bench.accept(event("new-1", {"name": "Desk", "stock": stock}, by="key"))

    def take(self, worker, step):
        if worker == "event":
            self.put(2)
        elif worker == "time":
            self.bench.pass_time(self.seconds)
        elif worker == "two":
            self.act()
        elif step == "claim":
            claimed = self.bench.claim()
            if isinstance(claimed, Batch):
                self.flights[worker] = (claimed, self.bench.now_ms())
            elif isinstance(claimed, Lookup):
                self.answer(claimed)
        elif worker in self.flights:
            self.go_on(worker, step)

    def go_on(self, worker, step):
        batch, claimed = self.flights[worker]
        now = self.bench.now_ms()
        if step == "send" and now - claimed <= SEND_MS:
            self.sent[worker] = now
        elif step == "land" and worker in self.sent and now - self.sent[worker] <= LATE_MS:
            self.land(batch)
            self.landed.add(worker)
        elif step == "settle" and worker in self.landed:
            self.settle(batch)
        elif step in ("settle", "give up"):
            if worker in self.sent:
                self.bench.settle(batch, ItemOutcome("new-1", unknown=True), health="failure")
            else:
                self.bench.outbox.give_back(batch)

    def act(self):
        """The other worker carries out the next step whole; False: there is none."""
        step = self.bench.claim()
        if isinstance(step, Batch):
            self.land(step)
            self.settle(step)
        elif isinstance(step, Lookup):
            self.answer(step)
        elif isinstance(step, Wait):
            return step.seconds
        return 0

    def land(self, batch):
        (item,) = batch.items
        values = {field.slug: json.loads(field.value) for field in item.fields}
        if batch.create:
            id = f"id-{len(self.items)}"
            self.items[id] = ("new-1", values)
            self.made = id
        else:
            self.items[item.id][1].update(values)

    def settle(self, batch):
        (item,) = batch.items
        slugs = tuple(field.slug for field in item.fields)
        made = self.made if batch.create else None
        self.bench.settle(batch, ItemOutcome("new-1", made=made, written=slugs))

    def answer(self, lookup):
        assert lookup.kind == "index"
        self.bench.page(lookup, [(key, id) for id, (key, _) in self.items.items()])

    def settle_down(self):
        for _ in range(40):
            wait = self.act()
            if wait is None:
                return
            self.bench.pass_time(wait + 0.001)
        raise AssertionError("it never comes to rest")


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        ("answered", 31),
        ("no answer, landed", 31),
        ("no answer, lands later", 31),
        ("no answer, lands later", 59),
        ("killed after it was sent", 31),
        ("killed after it was sent", 59),
        ("killed before it was sent", 76),
    ],
)
def test_whatever_the_order_there_is_one_item_and_it_holds_the_newest(store, end, seconds):
    begun = Story(store, seconds)
    moment = Moment(begun, begun.bench)
    one = steps_of("one", ENDS[end])
    two, time = (("two", "acts"),) * 2, (("time", "passes"),)
    for order in some(interleavings(one, two, time, (("event", "accept"),)), 23):
        story = moment.again(lambda story: story.bench)
        try:
            for step in order:
                story.take(*step)
            story.settle_down()
            ((_, values),) = story.items.values()
            assert values == {"name": "Desk", "stock": 2}
            assert story.bench.counts("pending", "dead") == (0, 0)
        except (AssertionError, ValueError) as error:
            error.add_note(f"the order was {order}")
            raise

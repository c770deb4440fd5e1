"""
Plays histories on an outbox, its reference and a CMS at once, and compares them.
"""

import json
import uuid
from dataclasses import replace

from tests.support.outbox_driver import LANES, Bench, at, change, number
from tests.support.outbox_echoes import iso
from tests.support.outbox_event_ids import EventIds
from tests.support.outbox_network import LATE_MS, Flight, Network
from tests.support.outbox_outcomes import item_outcome, without_effect
from tests.support.outbox_reference import Reference
from workers.model.attempts import Batch, Lookup, Wait
from workers.model.changes import Incoming
from workers.store.pauses import Pauses

VERSIONS = {"stock": at, "price": number, "name": lambda _: None}
PLACED = ("held", "first")
KEPT = 4  # as in lua/lib/write_history.lua
CATCHING_UP = 1.01  # what is due comes so much later after a clock was set back (sweep.lua)
SENT_STATES = ("written", "unchanged")


def _changed(record, slug, value, version):
    """A change at a version; or, where the source of the field has times, without one."""
    if version in PLACED and slug != "name":
        return replace(change(record, {slug: value}, by="key"), placed=version)
    return change(record, {slug: value}, version=VERSIONS[slug](version), by="key")


class Play:
    def __init__(self, client, **options):
        self.bench = Bench(client, **options)
        self.reference = Reference()
        self.jumped, self.jumps = 0, 0
        self.network = Network(self._now)  # a method goes along where this is copied
        self.deliveries = []
        self.gone = set()  # keys of items that were deleted in the CMS: nobody can write those
        self.event_ids = EventIds()
        self.paused = set()

    @property
    def now(self):
        """ms of a clock that nobody sets."""
        return self.bench.now_ms() - self.jumped

    def _now(self):
        return self.now

    # what comes in

    def accept(self, source, mode, events, *, again=False):
        self.deliveries.append((source, mode, events))
        clock = self.bench.now_ms()
        events = [
            (self.event_ids.known(source, mode, event, clock=clock), *event[1:]) for event in events
        ]
        answer = self.bench.accept(
            *(self._incoming(i, *e) for i, e in enumerate(events)), source=source, mode=mode
        )
        if again:
            repeated = self.bench.steps.repeat("accept")
            assert (repeated["outcome"], repeated["accepted"]) == (answer.outcome, answer.accepted)
        assert answer.outcome == ("kept" if answer.accepted else "duplicate")
        told = self._told() if answer.accepted else []
        expected = self.reference.accept(source, mode, events)
        for (place, fate), (told_place, told_fate) in zip(expected, told, strict=True):
            assert place == told_place
            assert (fate == "stale") == (told_fate == "stale")
            if told_fate == "unchanged":
                self.take_unchanged(place)
        return answer.outcome

    def echo(self, number):
        """The CMS tells once more what an item held after one of our requests: no news."""
        landings = self.network.landings
        if not landings:
            return
        record, shown, updated = landings[number % len(landings)]
        changes = tuple(
            replace(
                change(record, {slug: value}, version=VERSIONS[slug](3), by="key"),
                echo=at(updated),
            )
            for slug, (value, writer) in shown.items()
            # Of more requests than are remembered, whose outcome is unknown, nobody can tell.
            if self.network.sends_since(writer, record, slug) < KEPT
        )
        if not changes:
            return
        self.bench.accept(Incoming(None, "changed", 0, changes), source="shop")
        for place, fate in self._told():
            self.reference.echo(place, fate)

    def _told(self):
        """What the lives of its records say of the last delivery, value by value."""
        for record, slug, fate in self.bench.fates():
            yield (record, slug), fate

    def _incoming(self, index, id, record, values):
        changes = tuple(
            _changed(record, slug, value, version) for slug, (value, version) in values.items()
        )
        return Incoming(id, "stock.changed", index, changes)

    def take_unchanged(self, place):
        """A value that need not be sent is in the CMS, and nothing can still overwrite it."""
        record, slug = place
        self.reference.move(place, "unchanged")
        id, value = self.network.items.get(record), self.reference.fields[place].value
        if record not in self.gone:
            assert self.network.values.get((id, slug)) == value
            assert not self.network.may_change(id, slug, value)

    # what is paused

    def turn(self, name):
        """Pause what is not paused; else resume it."""
        pauses = Pauses(self.bench.steps, self.bench.settings)
        if name in self.paused:
            pauses.resume(name)
        else:
            pauses.pause(name, "a test", by="alice")
        self.paused ^= {name}

    def _may_be_sent(self, field):
        lane = LANES[field.get("q", 1) - 1]
        return not {f"source:{field['o']}", f"lane:{lane}"} & self.paused

    # what goes out

    def claim(self, *, again=False, page="whole"):
        """Take the next step; a look-up is answered at once (``page``: whole, failed or lost)."""
        token, now = uuid.uuid4().hex, self.now
        step = self.bench.claim(token=token, flights=1000)
        if again:
            assert self.bench.claim(token=token, flights=1000) == step
        if isinstance(step, Batch):
            self._check_batch(step)
            flight = Flight(step, now)
            self.network.flights.append(flight)
            return flight
        if isinstance(step, Lookup):
            self._look_up(step, page)
        return step

    def _check_batch(self, batch):
        now = self.now
        for flight in self.network.flights:
            if now - flight.claimed < 30_000 and not flight.settled and not self.jumps:
                mine = {item.record for item in flight.batch.items}
                assert mine.isdisjoint(item.record for item in batch.items), "in two live claims"
        for item in batch.items:
            for field in item.fields:
                assert self._may_be_sent(self.bench.field(item.record, field.slug))
                held = self.reference.fields[item.record, field.slug]
                assert (field.arrival, json.loads(field.value)) == (held.number, held.value)
                assert held.state == "pending" or (field.repair and held.state in SENT_STATES)

    def _look_up(self, lookup, page):
        if page == "lost":
            return
        entries, more = self.network.listing(lookup, 2)
        failed = page == "failed"
        answer = self.bench.page(lookup, entries, more=more, failed=failed, at=int(self.now))
        if answer.get("missing"):
            self._take_missing()

    def _take_missing(self):
        fate = "ignored" if self._ignores else "dead"
        for (record, slug), held in self.reference.fields.items():
            state = self.bench.state(record, slug)
            if state != held.state:
                assert state == fate
                assert record == "ghost" or record in self.gone
                self.reference.move((record, slug), fate)

    @property
    def _ignores(self):
        return self.bench.settings.collections["products"].missing == "ignore"

    def send(self, flight):
        flight.sent = self.now

    def land(self, flight, **options):
        self.network.tick(self.now)
        if not flight.over:
            self.network.land(flight, **options)

    # what becomes of it

    def settle(self, flight, item_outcomes, *, health="success", again=False):
        """Settle, and move what the reference says must have moved."""
        flight.settled = True
        batch = flight.batch
        item_outcomes = [self._timed(one, flight) for one in item_outcomes]
        held = {item.record: self._holds_claim(item.record, batch) for item in batch.items}
        answer = self.bench.settle(batch, *item_outcomes, health=health)
        assert answer.settled == sum(held.values())
        assert answer.lost == len(held) - answer.settled
        if again:
            repeated = self.bench.steps.repeat("settle")  # of several steps, the last
            assert repeated["settled"] <= answer.settled
            assert repeated["lost"] <= answer.lost
        for one in item_outcomes:
            if held[one.record]:
                self._take_verdict(one, batch)

    def _timed(self, item_outcome, flight):
        """*item_outcome*, with lastUpdated where there was an answer that shows the item."""
        if not flight.applied or item_outcome.unknown:
            return item_outcome
        return replace(item_outcome, updated=iso(flight.updated[item_outcome.record]))

    def _holds_claim(self, record, batch):
        text = self.bench.item(record)[0].get("claim")
        return text is not None and json.loads(text)["token"] == batch.token

    def _take_verdict(self, item_outcome, batch):
        item = next(i for i in batch.items if i.record == item_outcome.record)
        numbers = {field.slug: field.arrival for field in item.fields}
        for slug in item_outcome.written:
            self._take_fate((item_outcome.record, slug), numbers[slug], "written", ("pending",))
        for failure in item_outcome.failures:
            fate = "ignored" if failure.kind == "missing" and self._ignores else "dead"
            for slug in failure.slugs:
                place = (item_outcome.record, slug)
                self._take_fate(place, numbers[slug], fate, ("pending", *SENT_STATES))

    def _take_fate(self, place, arrival, fate, states):
        held = self.reference.fields[place]
        if held.number == arrival and held.state in states:
            self.reference.move(place, fate)

    def answer(self, flight, outcome, *, pick=0, again=False):
        """Settle *flight* as the worker would after *outcome*, or what is possible instead."""
        outcome = self._possible(flight, outcome)
        if outcome != "no answer":
            flight.over = True
        item_outcomes = [
            item_outcome(outcome, item, flight.batch.alone, pick) for item in flight.batch.items
        ]
        health = "failure" if outcome in ("no answer", "error") else "success"
        self.settle(flight, item_outcomes, health=health, again=again)

    def _possible(self, flight, outcome):
        if flight.sent is None:
            return "give back"
        if outcome == "success, then no answer":
            return "no answer"
        if flight.applied:
            return outcome if outcome == "no answer" else "success"
        if not self.network.knows(flight.batch):
            return outcome if outcome in ("no answer", "error") else "missing"
        return "refused" if outcome in ("success", "missing") else outcome

    def open_flights(self):
        """What is not settled yet, or may still land."""
        return [f for f in self.network.flights if f.aloft or not f.settled]

    def drop(self, flight, pick):
        """The CMS answers 200 but drops one field of each item: it dies, or is tried once more."""
        item_outcomes = [without_effect(item, pick) for item in flight.batch.items]
        self.network.land(
            flight, but={(v.record, slug) for v in item_outcomes for slug in v.missed}
        )
        self.settle(flight, item_outcomes)

    # time

    def pass_time(self, seconds):
        self.bench.pass_time(seconds)
        self.event_ids.move_clock(seconds * 1000)
        if self.jumps:
            self._sweep_clock()
        self.network.tick(self.now)

    def _sweep_clock(self):
        """Sweep, as is done every second: it tells time that passes from a clock that is set."""
        self.bench.sweep()
        self.bench.client.delete("instep:wake:site")

    def land_late(self, flight):
        """Let *flight* land at the last moment."""
        self.pass_time(max(0, flight.sent + LATE_MS - 200 - self.now) / 1000)
        self.land(flight)

    def jump(self, seconds, *, land):
        """
        The store's clock is set. Where it leaps ahead, the time that a request has left to land is
        unknown: what is in the air lands before that, or never.
        """
        for flight in self.network.flights if seconds > 0 else ():
            if flight.aloft and land:
                self.network.land(flight)
            flight.over = True
        self.jumped += seconds * 1000
        self.jumps += 1
        self._sweep_clock()
        self.bench.pass_time(seconds)
        self.event_ids.move_clock(seconds * 1000)
        self._sweep_clock()

    # the operator

    def letter(self, id, act, *, again=False):
        places = [p for p in self.reference.fields if self.bench.field(*p).get("l") == id]
        answer = self.bench.letter(id, act)
        assert (answer["done"], answer["fields"]) == (bool(places), len(places))
        if again:
            assert self.bench.steps.repeat("resolve_dead_letter") == answer
        for place in places:
            self.reference.move(place, "pending" if act == "replay" else "discarded")
        for record in {record for record, _ in places} if act == "discard" else ():
            if not self.bench.client.exists(f"instep:item:products:{record}"):
                self.reference.forget(record)  # no item had its key

    # the end

    def settle_down(self, *, land):
        """Drive on until nothing is left to do; what is in the air lands late, or never."""
        for name in sorted(self.paused):
            self.turn(name)
        self.bench.sweep()
        for flight in self.network.flights:
            flight.over = flight.over or not (flight.aloft and land)
        for _ in range(300):
            step = self.claim()
            if isinstance(step, Flight):
                self.send(step)
                self.land(step)
                self.answer(step, "success", pick=1)
            elif isinstance(step, Wait) and not self._rest(step):
                return
        raise AssertionError("it never comes to rest")

    def _rest(self, wait):
        """Wait as told, or until the next request lands; False: nothing is left to wait for."""
        aloft = [flight for flight in self.network.flights if flight.aloft]
        landing = min(((f.sent + LATE_MS - 200 - self.now) / 1000 for f in aloft), default=None)
        if wait.seconds is not None and (landing is None or wait.seconds <= landing):
            self.pass_time(wait.seconds * (CATCHING_UP if self.jumps else 1))
            assert self.bench.woken(), "the time has come and nobody is woken"
            return True
        if landing is None:
            return self.bench.woken()
        self.pass_time(max(0, landing))
        for flight in aloft:
            if flight.sent + LATE_MS - 200 <= self.now:
                self.land(flight)
        return True

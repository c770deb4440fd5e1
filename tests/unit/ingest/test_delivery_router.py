"""Where a delivery goes while the store is away, weak, silent or refuses one source."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.ingest import delivery_router
from service.ingest.delivery_router import DeliveryRouter
from service.ingest.drainer import Drainer
from service.ingest.intake import LARGE
from service.ingest.spool import FEW, Spool
from service.ingest.spool_parts import SpoolParts
from service.ingest.store_gate import SILENT, StoreGate
from tests.support.fiber_thread import FiberThread
from tests.support.store_clients import eventually
from tests.support.way_in import NOW, PROOF, Accepted, Outbox, make
from workers import fibers
from workers.config.settings import StoreSettings
from workers.errors import SignatureInvalid, StoreUnavailable, StoreUnsafe
from workers.store.store_clock import StoreClock


class Sound:
    """What is said of the store: nothing, or what is wrong with it."""

    def __init__(self):
        self.clock, self.error = StoreClock(), None

    def check(self):
        if self.error:
            raise self.error

    check_patiently = check

    def failed(self, error):
        pass

    def forget(self):
        pass


class Rig:
    def __init__(self, folder, limit=1):
        self.folder, self.outbox, self.sound = folder, Outbox(), Sound()
        self.gate, self.now, self.told = StoreGate(), 0.0, []
        self.begin(limit)

    def begin(self, limit=1):
        """Start as another process would."""
        self.spool = Spool(self.folder, limit)
        self.intake = make(self.outbox, lambda _: None)
        self.drainer = Drainer(
            self.spool,
            self.gate,
            self.sound,
            self.intake.drain,
            lambda *told: self.told.append(told),
            lambda: self.now,
        )
        self.intake.router = DeliveryRouter(
            self.spool,
            self.gate,
            self.sound,
            self.intake.accept,
            self.drainer.notify,
            self.drainer.drains,
        )

    def send(self, qty=1, source="erp"):
        body = b'{"id": "e%d", "qty": %d}' % (qty, qty)
        return self.intake.receive(source, PROOF, body, now=NOW)

    def drain(self):
        self.now += 60
        return self.drainer.step()

    def taken(self):
        return [delivery.events[0].id for delivery in self.outbox.deliveries]


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.spool.close()


def test_while_the_store_answers_nothing_is_spooled(rig):
    assert rig.send().outcome == "kept"
    assert rig.spool.state().deliveries == 0


def test_what_the_store_does_not_take_is_spooled_and_drained(rig):
    rig.outbox.down = True
    assert [rig.send(n).outcome for n in (1, 2)] == ["spooled"] * 2
    rig.outbox.down = False
    rig.drain()
    assert rig.taken() == ["e1", "e2"]
    assert rig.spool.state().deliveries == 0


def test_a_store_that_is_too_weak_is_not_asked_to_keep_anything(rig):
    rig.sound.error = StoreUnsafe("appendonly")
    assert rig.send().outcome == "spooled"
    rig.drain()
    assert rig.outbox.deliveries == []
    rig.sound.error = None
    rig.drain()
    assert rig.taken() == ["e1"]


def test_a_bad_proof_is_refused_while_the_store_is_away(rig):
    rig.outbox.down = True
    with pytest.raises(SignatureInvalid):
        rig.intake.receive("erp", {"authorization": "Bearer wrong"}, b"{}", now=NOW)
    assert rig.spool.state().deliveries == 0


def test_newer_deliveries_of_a_source_go_behind_its_spool(rig):
    rig.outbox.down = True
    rig.send(1)
    rig.outbox.down = False
    rig.gate.open()
    assert rig.send(2).outcome == "spooled"
    rig.drain()
    assert rig.send(3).outcome == "kept"
    assert rig.taken() == ["e1", "e2", "e3"]


WAITED = 10.0  # s, where a delivery waits


@pytest.fixture
def behind(rig, monkeypatch):
    """A rig with a spooled delivery, which newer ones wait for as long as it takes."""
    rig.outbox.down = True
    rig.send(1)
    rig.outbox.down = False
    rig.gate.open()
    monkeypatch.setattr(delivery_router, "DRAINED", WAITED)
    return rig


def test_a_delivery_waits_for_the_last_older_ones_to_be_drained(behind):
    with ThreadPoolExecutor() as pool:
        newer = pool.submit(behind.send, 2)
        eventually(lambda: behind.spool._lock._waiters)
        behind.drain()
        assert newer.result(WAITED).outcome == "kept"
    assert behind.taken() == ["e1", "e2"]


def sent_at_once(rig):
    begun = time.monotonic()
    outcome = rig.send(2).outcome
    return outcome if time.monotonic() - begun < WAITED else "late"


def test_a_delivery_does_not_wait_for_more_than_a_few(behind, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(delivery_router, "DRAINED", 0.0)
        for number in range(FEW):
            behind.send(number)
    assert sent_at_once(behind) == "spooled"


def test_a_delivery_does_not_wait_for_what_the_store_refuses(behind):
    behind.outbox.down = True
    behind.drain()
    assert sent_at_once(behind) == "spooled"


def test_a_delivery_does_not_wait_while_the_store_is_away(behind):
    behind.gate.shut(StoreUnavailable("away"))
    assert sent_at_once(behind) == "spooled"


def test_a_spooled_delivery_keeps_its_mark_and_place_and_no_proof(rig):
    rig.outbox.down = True
    rig.send(1)
    kept = b"".join(path.read_bytes() for path in rig.folder.iterdir())
    assert b"s3cret" not in kept
    assert b"authorization" not in kept.lower()
    rig.outbox.down = False
    rig.drain()
    (delivery,) = rig.outbox.deliveries
    assert delivery.secret == rig.intake._senders["erp"].marks[0]
    assert delivery.spooled.came_us == NOW.timestamp() * 1_000_000
    assert delivery.slot


def test_without_a_spool_the_store_that_is_away_is_told(tmp_path):
    rig = Rig(tmp_path, limit=0)
    rig.outbox.down = True
    with pytest.raises(StoreUnavailable, match="no answer"):
        rig.send()
    rig.outbox.down = False
    assert rig.send().outcome == "kept"


def test_a_full_spool_is_told_with_the_reason_why_the_store_keeps_nothing(rig):
    rig.outbox.down = True
    rig.spool._limit = 100
    with pytest.raises(StoreUnavailable, match=r"no answer; the spool .* is full"):
        rig.send()


def test_a_source_that_the_store_refuses_holds_up_no_other(rig):
    rig.outbox.down = True
    rig.send(1)
    rig.intake._senders["shop"] = rig.intake._senders["erp"]
    rig.send(2, "shop")
    rig.outbox.down = False
    accept = rig.outbox.accept

    def one_refused(delivery):
        if delivery.source == "erp":
            raise StoreUnavailable("this one not")
        return accept(delivery)

    rig.outbox.accept = one_refused
    rig.drain()
    assert rig.taken() == ["e2"]
    assert rig.send(3, "shop").outcome == "kept"
    assert rig.send(4).outcome == "spooled"
    rig.outbox.accept = accept
    rig.drain()
    assert rig.taken() == ["e2", "e3", "e1", "e4"]


@pytest.mark.parametrize("outcome", ["full"])
def test_what_the_store_has_no_room_for_is_tried_again_later(rig, outcome):
    rig.outbox.down = True
    rig.send(1)
    rig.outbox.down = False
    rig.outbox.answer = Accepted(outcome)
    rig.drain()
    assert rig.spool.state().deliveries == 1
    rig.outbox.answer = Accepted()
    rig.drain()
    assert rig.spool.state().deliveries == 0


def test_a_source_that_was_refused_is_tried_at_once_when_the_store_is_back(rig):
    rig.outbox.down = True
    rig.send(1)
    rig.drain()
    rig.sound.error = StoreUnavailable("no answer")
    rig.drainer.step()
    rig.outbox.down, rig.sound.error = False, None
    rig.drainer.step()
    assert rig.taken() == ["e1"]


@pytest.mark.parametrize(("size", "waits"), [(LARGE // 2, False), (LARGE, True)])
def test_the_store_has_longer_for_a_large_body_alone(rig, size, waits):
    rig.intake.patient = Outbox()
    body = b'{"id": "e1", "qty": 1, "text": "%s"}' % (b"x" * size)
    rig.intake.receive("erp", PROOF, body, now=NOW)
    assert [bool(each.deliveries) for each in (rig.intake.patient, rig.outbox)] == [
        waits,
        not waits,
    ]


def test_a_drain_goes_by_a_look_that_waits_for_a_slow_store(rig):
    rig.outbox.down = True
    rig.send(1)
    rig.outbox.down, rig.sound.error = False, StoreUnavailable("no answer so soon")
    rig.sound.check_patiently = lambda: None
    rig.drain()
    assert rig.taken() == ["e1"]


def test_the_store_has_longer_for_what_is_drained(rig):
    rig.intake.patient = Outbox()
    rig.outbox.down = True
    rig.send(1)
    rig.drain()
    assert len(rig.intake.patient.deliveries) == 1


def test_a_source_that_is_no_longer_configured_keeps_its_place(rig):
    rig.outbox.down = True
    rig.send(1)
    rig.outbox.down = False
    senders = dict(rig.intake._senders)
    rig.intake._senders.clear()
    rig.drain()
    assert rig.spool.state().deliveries == 1
    rig.intake._senders.update(senders)
    rig.drain()
    assert rig.taken() == ["e1"]


def test_a_delivery_behind_others_waits_for_what_the_store_says_was_last(rig):
    rig.outbox.down = True
    for n in (1, 2, 3):
        rig.send(n)
    rig.outbox.down = False
    rig.outbox.answer = Accepted("behind", last=2)
    turn = rig.spool.turns("erp")[0]
    rig.drainer._drain_some([turn])
    rig.outbox.answer = Accepted()
    rig.drain()
    last = rig.outbox.deliveries[-1]
    assert (last.events[0].id, last.spooled.number, last.spooled.after) == ("e3", 3, 2)
    assert rig.taken() == ["e1", "e3"]


def test_of_those_that_go_together_what_stands_behind_a_refused_one_waits(rig):
    rig.outbox.down = True
    for n in (1, 2, 3):
        rig.send(n)
    rig.outbox.down = False
    answers = [["kept", "full", "behind"], ["full", "behind"]]
    rig.outbox.accept_in_order = lambda _: [Accepted(each) for each in answers.pop(0)]
    rig.drain()
    assert (rig.spool.state().deliveries, rig.taken()) == (2, [])
    del rig.outbox.accept_in_order
    rig.drain()
    assert rig.taken() == ["e2", "e3"]


def test_one_line_of_the_log_tells_what_was_drained_together(rig, caplog):
    caplog.set_level("INFO", "service.ingest.intake")
    rig.outbox.down = True
    for n in (1, 2, 3):
        rig.send(n)
    rig.outbox.down = False
    rig.drain()
    (line,) = [each for each in caplog.records if each.message == "drained"]
    assert (line.source, line.deliveries, line.outcomes) == ("erp", 3, {"kept": 3})
    assert (line.event_ids, line.keys, line.records) == (("e1", "e2", "e3"), ("sku-1",), 1)


def test_the_receipt_of_a_spooled_delivery_names_its_events(rig):
    rig.outbox.down = True
    assert rig.send(1).ids == ("e1",)


def test_an_entry_that_cannot_be_mapped_holds_up_none_before_it(rig):
    rig.outbox.down = True
    for n in (1, 2):
        rig.send(n)
    rig.outbox.down = False
    mapped = rig.intake._mapped

    def fails(entry):
        if b'"e2"' in entry.body:
            raise RuntimeError("a mistake of ours")
        return mapped(entry)

    rig.intake._mapped = fails
    with pytest.raises(RuntimeError):
        rig.drain()
    assert rig.taken() == ["e1"]


def test_the_deliveries_of_a_process_that_is_gone_are_drained_by_another(rig):
    rig.outbox.down = True
    rig.send(1)
    rig.spool.close()
    rig.outbox.down = False
    rig.begin()
    rig.drain()
    assert rig.taken() == ["e1"]


def test_the_store_is_told_what_waits_and_when_nothing_does(rig):
    rig.outbox.down = True
    rig.intake._senders["shop"] = rig.intake._senders["erp"]
    rig.send(1)
    rig.outbox.down = False
    rig.outbox.answer = Accepted("full")
    rig.drain()
    assert rig.told[-1][:2] == (rig.spool.name, 1)
    rig.outbox.answer = Accepted()
    rig.drain()
    assert rig.told[-1] == (rig.spool.name, 0, 0)


def test_a_drain_leaves_requests_their_turn(tmp_path, monkeypatch):
    monkeypatch.setattr(Drainer, "run", lambda _: None)
    parts = SpoolParts(StoreSettings(data=tmp_path), client=None)
    parts.attach(make(Outbox(), None))
    before = sys.getswitchinterval()
    try:
        parts.start()
        assert sys.getswitchinterval() < before
    finally:
        sys.setswitchinterval(before)


def test_processes_that_share_what_was_built_have_spools_and_slots_of_their_own(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(Drainer, "run", lambda _: None)
    monkeypatch.setattr(sys, "setswitchinterval", lambda _: None)
    parts = SpoolParts(StoreSettings(data=tmp_path), client=None)
    intake = make(Outbox(), None)
    parts.attach(intake)
    names = [parts.spool.name]
    for _ in range(2):  # as each of two processes, which have copies of the same parts
        parts.start()
        names += [parts.spool.name, intake.router._slots.take().file]
    built, first, of_first, second, of_second = names
    assert (of_first, of_second) == (first, second)
    assert len({built, first, second}) == 3


def test_nobody_waits_for_a_store_that_is_silent():
    now = [0.0]
    gate = StoreGate(lambda: now[0])
    first = gate.enter()
    now[0] = SILENT - 0.001
    second = gate.enter()
    now[0] = SILENT + 0.001
    assert gate.enter() is None
    gate.leave(second)
    assert gate.enter() is not None
    now[0] += SILENT + 0.001
    assert gate.enter() is None
    gate.leave(first)
    assert gate.enter() is not None


def test_a_store_that_is_slow_but_answers_is_not_silent():
    now = [0.0]
    gate = StoreGate(lambda: now[0])
    slow = gate.enter()
    for _ in range(10):
        ticket = gate.enter()
        now[0] += SILENT - 0.001
        gate.leave(ticket)
    assert gate.enter() is not None
    gate.leave(slow)


def test_a_gate_that_is_shut_lets_nobody_in_until_it_is_opened():
    gate = StoreGate()
    gate.shut(StoreUnavailable("away"))
    assert gate.enter() is None
    gate.open()
    assert gate.enter() == 0


def test_the_stores_time_is_never_earlier_than_what_it_has_said():
    now = [100.0]
    clock = StoreClock(lambda: now[0], lambda: 5_000.0)
    assert clock.now_us() is None
    began = clock.begin()
    now[0] = 100.5  # a slow answer
    clock.observe(began, 7_000_000)
    assert clock.now_us() == 7_000_000
    began = clock.begin()
    clock.observe(began, 7_400_000)  # a quick one tells better
    now[0] = 101.5
    assert clock.now_us() == 8_400_000
    assert clock.at(4_990_000_000) == 8_400_000 - 10_000_000


def test_a_store_whose_clock_was_set_back_is_believed():
    now = [100.0]
    clock = StoreClock(lambda: now[0])
    clock.observe(clock.begin(), 9_000_000)
    clock.observe(clock.begin(), 2_000_000)
    assert clock.now_us() == 2_000_000


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_store_whose_answer_could_not_be_told_yet_is_not_silent(tmp_path):
    rig, clock, thread = Rig(tmp_path), Clock(), FiberThread()
    rig.gate = StoreGate(clock)
    rig.begin()
    accept, answers, goes_on = rig.outbox.accept, threading.Event(), threading.Event()

    def answered(delivery):
        if delivery.events[0].id == "e1":
            fibers.aside(answers.wait, WAITED)
        return accept(delivery)

    rig.outbox.accept = answered
    first = thread.submit(rig.send, 1)
    eventually(lambda: rig.gate._inside)
    thread.submit(goes_on.wait, WAITED)  # holds the thread
    eventually(thread.host._calls.empty)
    second = thread.submit(rig.send, 2)
    clock.now += 2 * SILENT
    answers.set()
    eventually(lambda: thread.host._calls.qsize() == 2)  # the second, and the first behind it
    goes_on.set()
    assert [each.result(WAITED).outcome for each in (first, second)] == ["kept"] * 2
    rig.spool.close()

"""
Random histories of claims, crashes and answers: each event is told in the end, none out of turn.

Truth is kept beside the store: how often each record was changed, and which change a message was at
least as new as.
"""

import random
from dataclasses import replace

import pytest

from tests.support.outbox_driver import Bench
from workers.config.writeback import WriteBack
from workers.model.writeback_attempts import Answer
from workers.store import writeback_keys
from workers.store.dead_letters import DeadLetters
from workers.store.writeback import LEASE, WriteBacks, standing_of

RECORDS = [f"{n:024x}" for n in range(1, 4)]
AWAY = Answer("away", "write-back shop: 503", 503, rest=5.0, wait=3.0)
ANSWERS = (
    *[Answer("told", status=200)] * 4,
    Answer("failed", "write-back shop: 422", 422, wait=3.0),
    AWAY,
    Answer("unsent"),
    Answer("dead", "write-back shop: no row"),
)


class History:
    def __init__(self, store, seed):
        self.random = random.Random(seed)  # noqa: S311  # not for security
        self.bench = Bench(store)
        self.own = WriteBack("shop", "products", url="https://shop.example", attempts=2)
        settings = replace(self.bench.settings, writebacks={"shop": self.own})
        self.bench.steps.standing = standing_of(settings)
        self.store = WriteBacks(self.bench.steps, settings)
        self.letters = DeadLetters(self.bench.steps, settings)
        self.client = store
        self.changes = dict.fromkeys(RECORDS, 0)
        self.heard = dict.fromkeys(RECORDS, (0, 0))  # sequence, and the change it tells of
        self.dropped = dict.fromkeys(RECORDS, 0)  # the change that a discarded letter was about
        self.open = []  # claims under way, with the changes that they tell of and their end

    def change(self):
        record = self.random.choice(RECORDS)
        self.changes[record] += 1
        self.bench.confirm(record, {"stock": self.changes[record]})

    def claim(self):
        claim = self.store.claim(self.own, most=self.random.choice((1, 20)))
        if not claim.token:
            return
        now = self.bench.now_ms()
        held = {each.record for other, _, till in self.open if till > now for each in other.owed}
        assert not held & {each.record for each in claim.owed}
        known = {each.record: self.changes[each.record] for each in claim.owed}
        self.open.append((claim, known, now + 1000 * LEASE))

    def hear(self, claim, known, record):
        """The target gets a message, and drops it where it has heard a newer one."""
        sequence = next(each.sequence for each in claim.owed if each.record == record)
        if sequence >= self.heard[record][0]:
            self.heard[record] = (sequence, known[record])

    def answer(self, answers=ANSWERS):
        if not self.open:
            return
        claim, known, _ = self.open.pop(self.random.randrange(len(self.open)))
        chosen = {each.record: self.random.choice(answers) for each in claim.owed}
        for record, answer in chosen.items():
            # Of no answer it is unknown whether it was heard.
            if answer.outcome == "told" or (answer is AWAY and self.random.random() < 0.5):
                self.hear(claim, known, record)
        self.store.settle(self.own, claim, chosen)
        if self.random.random() < 0.3:
            self.bench.steps.repeat("settle_writebacks")

    def crash(self):
        if not self.open:
            return
        claim, known, _ = self.open.pop()
        for each in claim.owed:
            if self.random.random() < 0.5:
                self.hear(claim, known, each.record)

    def operate(self):
        for letter in self.letters.list(kind="writeback"):
            if self.random.random() < 0.5:
                self.letters.replay(letter.id)
            elif self.letters.discard(letter.id):
                self.dropped[letter.key] = self.changes[letter.key]

    def wait(self):
        self.bench.pass_time(self.random.choice((0.5, 6, 40)))

    def check(self):
        due = set(self.client.zrange(writeback_keys.due("shop"), 0, -1))
        held = set(self.client.hkeys(writeback_keys.records("shop")))
        lying = {letter.key for letter in self.letters.list(kind="writeback")}
        assert due <= held
        assert held - due <= lying

    def end(self):
        for _ in range(200):
            self.bench.pass_time(45)
            self.claim()
            if not self.open:
                break
            self.answer([Answer("told", status=200)])
        lying = {letter.key for letter in self.letters.list(kind="writeback")}
        for record, changes in self.changes.items():
            told = max(self.heard[record][1], self.dropped[record])
            assert record in lying or told == changes, record
        assert self.client.zcard(writeback_keys.due("shop")) == 0


def play(store, seed):
    history = History(store, seed)
    acts = [*[history.change] * 3, *[history.claim] * 3, *[history.answer] * 3]
    acts += [history.crash, history.operate, history.wait, history.wait]
    for _ in range(40):
        history.random.choice(acts)()
        history.check()
    history.end()


@pytest.mark.parametrize("seed", range(8))
def test_each_event_is_told_in_the_end(store, seed):
    play(store, seed)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(8, 300))
def test_each_event_is_told_in_the_end_of_many_histories(store, seed):
    play(store, seed)


def test_a_late_answer_settles_nothing_that_another_has_claimed(store):
    history = History(store, 0)
    own, record = history.own, RECORDS[0]
    told = {record: Answer("told", status=200)}
    history.bench.confirm(record, {"stock": 1})
    first = history.store.claim(own)
    history.bench.pass_time(LEASE + 1)
    history.bench.confirm(record, {"stock": 2})
    second = history.store.claim(own)
    assert second.owed[0].sequence > first.owed[0].sequence
    assert history.store.settle(own, first, told) == 0
    # The process of the second claim dies before it has told anything.
    history.bench.pass_time(LEASE + 1)
    third = history.store.claim(own)
    assert third.owed[0].sequence == second.owed[0].sequence
    assert history.store.settle(own, third, told) == 1
    assert history.store.claim(own).seconds is None

"""
Fills a store with much of everything that the console shows.

One record and one failure go through the steps of the store; the others are copies of their stored
form, which takes seconds where the steps would take minutes. Deliveries, deletes and runs are made
by the steps, and so is some of each that has a name that is long, right-to-left or looks like HTML.
"""

import json
import math
import time
from dataclasses import dataclass

from redis.client import NEVER_DECODE

from tests.support.api_rig import KEYS
from workers.model.attempts import Batch, BatchOutcome, Call, FieldFailure, ItemOutcome
from workers.model.changes import Change, Delivery, FieldProblem, Incoming
from workers.model.samples import MINUTES, QUARTERS
from workers.store import keys, problem_keys
from workers.store.counts_writer import Counts, CountsWriter
from workers.store.minute_samples import MinuteSamples
from workers.store.refusal_list import Cause, Refused, entry

NAMES = (  # key, name
    ("LONG-" + "0123456789" * 24, "An oak table that can be drawn out " * 8),
    ("נעל-42", "נעל ספורט לריצה, מידה 42"),
    ("حذاء/٤٢", "حذاء رياضي للجري"),
    ("EMOJI-👟", "Runner 👟🏃🏽‍♀️ for the whole family 👨‍👩‍👧‍👦"),
    ("<b>SALE</b>", "<script>alert('sale')</script> & \"more\""),
    ("SKU 17 / red", "A shoe, red"),
    *((key, f"T {key}") for key in KEYS),
)
_KEY, _NAME, _QTY, _WHY = "KEY-OF-IT", "NAME-OF-IT", 424242, "REASON-OF-IT"
_PART = 1000  # records that are written at once
_HOUR = 3_600_000
_BEFORE = 36 * _HOUR  # ms: the time over which failures and deliveries spread


@dataclass(frozen=True, slots=True)
class Load:
    """
    How much of what there is.

    Args:
        events: That are counted, of which the newest *deliveries* are kept.
        problems: Values that were refused, of *causes* causes.
    """

    items: int = 0
    events: int = 0
    problems: int = 0
    causes: int = 300
    deletes: int = 0
    runs: int = 0
    deliveries: int = 0
    refusals: int = 0


FEW = Load(items=20, events=40, problems=3, causes=2, deletes=2, runs=3, deliveries=20, refusals=2)
MANY = Load(10_000, 1_000_000, 10_000, 300, 300, 300, 2000, 20)


def load(rig, size):
    """Fill the empty store of *rig*, an `api_rig.Rig`, with *size*."""
    _Loading(rig, size).run()


class _Loading:
    def __init__(self, rig, size):
        self.rig, self.size = rig, size
        self.context, self.client = rig.context, rig.context.steps.client
        self.collection = self.context.settings.collections["products"]
        self.copy = self.context.settings.copy_of(self.collection)
        self.now = int(time.time() * 1000)
        self.groups = {}  # cause → its problem

    def run(self):
        if self.size.items:
            self._real_records()
            self._copies()
        self._deletes()
        self._runs()
        self._kept_deliveries()
        self._refusals()
        self._counters()
        if self.size.events:
            fill_samples(self.context)
        self.context.problems.group(self.size.problems + 100)
        while not self.context.search.advance(60.0):
            pass

    # records and failures ---------------------------------------------------------------------

    def _real_records(self):
        failing = range(min(len(NAMES), self.size.problems))
        names = NAMES[: self.size.items]
        refused = {names[n][0] for n in failing if n < len(names)}
        for number, (key, name) in enumerate(names):
            self._known(key, f"{number + 1:024x}")
            self.rig.deliver(id=f"n{number}", topic="stock", sku=key, qty=number, title=name)
        if self.size.problems:
            self.rig.deliver(id="bad", topic="stock", sku=KEYS[1], qty="no number <b>at all</b>")
        self._answer({key: f"Too long: '{key}'" for key in refused})

    def _known(self, key, item, collection="products"):
        copy = self.context.settings.copy_of(self.context.settings.collections[collection])
        self.client.hset(keys.item_ids(collection, copy), key, item)
        self.client.hset(keys.item_keys(collection, copy), item, key)

    def _answer(self, refused):
        """Let the CMS write what is due, but refuse the stock of *refused*: key → message."""
        steps, site = self.context.steps, self.context.settings.destinations["site"]
        offset = steps.clock_offset_ms
        while True:
            self.client.delete(keys.wake("site"))
            steps.clock_offset_ms += 2000  # the pace of the budget, and of attempts
            batch = self.context.outbox.claim(site)
            if not isinstance(batch, Batch):
                break
            outcomes = tuple(_outcome(item, refused.get(item.record)) for item in batch.items)
            judged = "refusal" if any(each.failures for each in outcomes) else "success"
            status = 400 if judged == "refusal" else 200
            self.context.outbox.settle(batch, BatchOutcome(outcomes, judged), call=Call(status))
        steps.clock_offset_ms = offset

    def _copies(self):
        written, failed = self._template(""), self._template(_WHY)
        for number in range(0, self.size.items, _PART):
            self.context.problems.group(_PART)
            self._note_groups()
            last = min(number + _PART, self.size.items)
            numbers = range(max(number, len(NAMES)), last)
            with self.client.pipeline(transaction=False) as pipeline:
                for n in numbers:
                    of_failure = n < self.size.problems
                    self._write(pipeline, n, failed if of_failure else written)
                pipeline.execute()

    def _note_groups(self):
        """Note the problem of each cause that the step has grouped."""
        numbers = range(len(NAMES), len(NAMES) + self.size.causes)
        with self.client.pipeline(transaction=False) as pipeline:
            for n in numbers:
                pipeline.hget(keys.letter(f"d{n + 1000}"), "group")
            groups = zip(numbers, pipeline.execute(), strict=True)
        self.groups = {n % self.size.causes: group for n, group in groups if group}

    def _template(self, why):
        """Return the stored form of a record whose stock was refused because of *why*, if given."""
        known = {letter.id for letter in self.context.letters.list()}
        self._known(_KEY, "e" * 24)
        self.rig.deliver(id=f"copied{len(why)}", topic="stock", sku=_KEY, qty=_QTY, title=_NAME)
        self._answer({_KEY: f"{why}: '{_KEY}'"} if why else {})
        names = [keys.item("products", _KEY), keys.life("products", _KEY)]
        found = {"item": self.client.hgetall(names[0]), "life": self.client.lrange(names[1], 0, -1)}
        new = [each.id for each in self.context.letters.list() if each.id not in known]
        found |= {"id": "", "letter": {}}
        if new:
            (found["id"],) = new
            found["letter"] = self.client.hgetall(keys.letter(new[0]))
            self.client.zrem(keys.LETTERS, new[0])
            self.client.zrem(problem_keys.UNGROUPED, new[0])
            names.append(keys.letter(new[0]))
        self.client.delete(*names)
        self.client.zrem(keys.LIVES, f"products:{_KEY}")
        self.client.hdel(keys.item_ids("products", self.copy), _KEY)
        self.client.hdel(keys.item_keys("products", self.copy), "e" * 24)
        return found

    def _write(self, pipeline, n, template):
        key, item, letter = f"SKU-{n:07}", f"{n + 1:024x}", f"d{n + 1000}"
        created = self.now - n * _BEFORE // max(1, self.size.items)
        why = f"Not one of the options of {_word(n % self.size.causes)}"

        def made(text):
            text = text.replace(_KEY, key).replace(str(_QTY), str(n % 500)).replace("e" * 24, item)
            text = text.replace(_NAME, f"Shoe number {n}").replace(_WHY, why)
            return text.replace(f'"{template["id"]}"', f'"{letter}"') if template["id"] else text

        held = {name: made(text) for name, text in template["item"].items()}
        pipeline.hset(keys.item("products", key), mapping=held)
        pipeline.rpush(keys.life("products", key), *map(made, template["life"]))
        pipeline.zadd(keys.LIVES, {f"products:{key}": created})
        pipeline.hset(keys.item_ids("products", self.copy), key, item)
        pipeline.hset(keys.item_keys("products", self.copy), item, key)
        if template["id"]:
            held = {name: made(text) for name, text in template["letter"].items()}
            pipeline.hset(keys.letter(letter), mapping=held | {"created": created})
            pipeline.zadd(keys.LETTERS, {letter: created})
            if group := self.groups.get(n % self.size.causes):
                pipeline.hset(keys.letter(letter), "group", group)
                pipeline.zadd(problem_keys.letters_of(group), {letter: created})
                pipeline.zadd(problem_keys.PROBLEMS, {group: created}, lt=True)
            else:
                pipeline.zadd(problem_keys.UNGROUPED, {letter: created})

    # what is done by the steps ----------------------------------------------------------------

    def _deletes(self):
        """Deletes of products wait for an approval, and two of orders for the end of a delay."""
        if not self.size.deletes:
            return
        every = [key for key, _ in NAMES]
        every += [f"SKU-{n:07}" for n in range(len(NAMES), self.size.items)]
        steps, offset = self.context.steps, self.context.steps.clock_offset_ms
        steps.clock_offset_ms = offset - 3 * _HOUR
        for number, key in enumerate(every[-self.size.deletes :]):
            self._retire("products", "erp", key, f"gone{number}")
        steps.clock_offset_ms = offset
        self.client.hset(keys.index("products", self.copy), "mark", "listed")
        self.context.held_deletes.sweep("products")
        for number, (key, _) in enumerate(NAMES[1:3]):
            self._known(key, f"{number + 1:024x}", "orders")
            self._retire("orders", "till", key, f"order{number}")

    def _retire(self, collection, source, key, id):
        way = "delete" if len(key) % 2 else "archive"
        change = Change("Gone", collection, key, "key", (), None, retire=way)
        told = Incoming(id, "gone", 0, (change,))
        self.context.outbox.accept(Delivery(source, id, (told,), b"{}", {}, "live"))

    def _runs(self):
        runs = self.context.runs
        for number in range(self.size.runs):
            kind = ("replay", "remap", "undo", "discard", "approve")[number % 5]
            figures = {"letters": 40, "done": 40 - number % 3, "replayed": 30, "left": number % 3}
            id = runs.start(
                kind,
                ("admin", "clerk", "ada@desk")[number % 3],
                collection="products",
                source="erp" if number % 2 else None,
                figures=figures,
                about={"reason": "the price list was corrected"},
            )
            if number != 1:
                state = "failed" if number % 7 == 3 else "done"
                reason = "the store had no room" if state == "failed" else ""
                runs.finish(id, state, reason=reason)
        if self.size.runs:
            figures = {"deletes": 3, "done": 0}
            runs.start(
                "approve",
                "mcp:ada@desk",
                collection="products",
                figures=figures,
                proposed="These <b>three</b> were sold out on purpose.",
            )

    # deliveries and refusals ------------------------------------------------------------------

    def _kept_deliveries(self):
        """Copies of deliveries that came; the numbers go on."""
        left = self.size.deliveries - len(NAMES)
        if left <= 0 or not self.size.items:
            return
        for number in range(min(left, 50)):
            self.rig.deliver(id=f"other{number}", topic="price", sku=f"SKU-{number:07}", cents=5)
        left -= 50
        client, key = self.client, keys.kept("erp")
        found = client.execute_command("XRANGE", key, "-", "+", **{NEVER_DECODE: True})
        ms, _, number = found[-1][0].decode().partition("-")
        number, state = int(number), keys.kept("erp", "state")
        with client.pipeline(transaction=False) as pipeline:
            for place in range(max(0, left)):
                number += 1
                pipeline.xadd(key, found[place % len(found)][1], id=f"{int(ms) + place}-{number}")
            pipeline.hset(state, "number", number)
            pipeline.execute()

    def _refusals(self):
        causes = []
        for number in range(self.size.refusals):
            reason, status = (("refused", 401), ("too-large", 413), ("late", 408))[number % 3]
            message = f"the signature of {number} is another: <i>{_word(number)}</i>"
            refused = Refused(reason, status, message if reason == "refused" else "")
            checked = {"method": "POST", "bytes": 100 * number}
            at_us = (self.now - number * _HOUR) * 1000
            causes.append(Cause("erp", refused, at_us, checked, times=number + 1))
        counts = {
            (keys.source("erp"), f"refused:{name}"): sum(
                each.times for each in causes if each.refused.reason == name
            )
            for name in {each.refused.reason for each in causes}
        }
        writer = CountsWriter(self.client, lambda: Counts(counts, [entry(e) for e in causes]))
        writer.flush()

    def _counters(self):
        """Count as many events, each with two values that were written; none of a copy is left."""
        size, client = self.size, self.client
        failed = max(0, min(size.problems, size.items) - len(NAMES))
        written = 2 * max(0, size.items - len(NAMES), size.events) - failed
        if not size.items:
            return
        client.hincrby(keys.source("erp"), "deliveries", size.events)
        client.hincrby(keys.destination("site"), "calls", size.events // 20)
        for name, number in (
            ("accepted", written + failed),
            ("written", written),
            ("dead", failed),
        ):
            client.hincrby(keys.COUNTS, name, number)
        for name, number in (("pending", written + failed), ("written", written), ("dead", failed)):
            client.hincrby(keys.METRICS, f"values:erp:products:{name}", number)


def _outcome(item, why):
    slugs = tuple(field.slug for field in item.fields)
    if why is None or "stock" not in slugs:
        return ItemOutcome(item.record, written=slugs)
    problem = FieldProblem("stock", why)
    failure = FieldFailure(
        "refused", ("stock",), "Validation Error", 400, "validation_error", (problem,)
    )
    return ItemOutcome(item.record, failures=(failure,), attempt=True)


def _word(number):
    """A word of letters for each number: causes that differ in numbers alone are one problem."""
    letters = ""
    while True:
        letters = chr(ord("a") + number % 26) + letters
        number //= 26
        if not number:
            return f"colour {letters}"


def fill_samples(context):
    """Fill each slot of the samples, as if so far all counters had risen like the tide."""
    client = context.steps.client
    MinuteSamples(context.steps, context.settings).look()
    for grain in (MINUTES, QUARTERS):
        ((slot, text),) = client.hgetall(keys.samples(grain.name)).items()
        held, share = json.loads(text), 1.0
        for back in range(1, grain.slots):
            share -= (1 + math.sin(back / 5)) / grain.slots
            older = _shrunk(held, max(0.0, share)) | {"at": (int(slot) - back) * grain.ms}
            client.hset(keys.samples(grain.name), int(slot) - back, json.dumps(older))


def _shrunk(held, share):
    """Return what a sample held as *share* of it."""
    if isinstance(held, dict):
        return {name: _shrunk(each, share) for name, each in held.items()}
    return [_shrunk(each, share) for each in held] if isinstance(held, list) else int(held * share)

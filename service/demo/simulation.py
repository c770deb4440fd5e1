"""
The day: what happens in the shop, which deliveries it causes, and what the site must show after it.

Pure: the same arguments give the same day. The truth is the newest fact for each field, computed
here without any code of Instep.
"""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

SOURCES = ("shop", "stock", "crm")
TOPICS = {"shop": "products/update", "stock": "stock.changed", "crm": "product.assigned"}
CATEGORIES = ("Chairs", "Desks", "Lamps", "Shelves", "Sofas")  # the options of the site

OPENS = 0.02  # share of the day with only one odd delivery before it
SHARES = (30, 60, 10)  # % of the events, by source
DUPLICATED = 0.07  # share of the deliveries that are sent twice
LATE = 0.08  # share of the deliveries that come seconds after newer ones
LATEST = 0.12  # share of the day by which the latest of them are delayed
UNSIGNED = 5
UNMAPPED: tuple[Any, ...] = (
    "many",
    None,
    "12 pcs",
    [],
    "?",
)  # quantities that cannot be mapped
UNKNOWN = "P-9999"  # a product that the CMS does not have
REFUSED_PRICE = -1.0
REFUSED_AT = 0.78  # share of the day

SkuField = tuple[str, str]  # sku and field


@dataclass(frozen=True, slots=True)
class Fact:
    """
    Something that happened.

    Args:
        at: As a share of the day.
        order: Rises with every fact of its source about its product.
        values: What the site must show, by field.
        refused: The fields whose value the CMS refuses.
    """

    source: str
    sku: str
    at: float
    order: int
    values: Mapping[str, Any]
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SimulatedDelivery:
    """
    One request to be sent.

    Args:
        due: As a share of the day.
        id: Of the event.
        mark: "duplicate", "late", "unmapped", "unsigned", or nothing.
    """

    due: float
    source: str
    id: str
    body: bytes = field(repr=False)
    mark: str = ""

    @property
    def topic(self) -> str:
        return TOPICS[self.source]


@dataclass(frozen=True, slots=True)
class Day:
    facts: Sequence[Fact]
    deliveries: Sequence[SimulatedDelivery]  # in the order in which they are due

    @property
    def marks(self) -> Counter[str]:
        return Counter(delivery.mark for delivery in self.deliveries)

    def truth(self) -> dict[SkuField, Any]:
        """Return the newest value of each field of each product with a fact."""
        newest: dict[SkuField, tuple[int, Any]] = {}
        for fact in self.facts:
            for slug, value in fact.values.items():
                held = newest.get((fact.sku, slug))
                if held is None or fact.order > held[0]:
                    newest[fact.sku, slug] = (fact.order, value)
        return {place: value for place, (_, value) in newest.items()}

    def refused(self) -> set[SkuField]:
        """Return the fields whose newest value the CMS refuses."""
        return {(fact.sku, slug) for fact in self.facts for slug in fact.refused}


def make(events: int, products: int, *, begins: datetime, seed: int = 1) -> Day:
    """
    Return a day of *events* good events about *products* products, and some odd ones. It *begins*
    at midnight, in UTC, and must be in the past, as its times are versions.
    """
    chance = random.Random(seed)  # noqa: S311  # the same day every time
    facts = [*_facts(events, products, chance)]
    facts.append(_refused(facts, products))
    sent = [_delivery(fact, number, begins) for number, fact in enumerate(facts)]
    sent = [_perhaps_late(delivery, chance) for delivery in sent]
    sent += [_again(delivery, chance) for delivery in sent if chance.random() < DUPLICATED]
    sent += _odd(sent, chance)
    return Day(tuple(facts), tuple(sorted(sent, key=lambda delivery: delivery.due)))


def _facts(events: int, products: int, chance: random.Random) -> Iterator[Fact]:
    numbers = list(range(1, products + 1))
    chance.shuffle(numbers)
    weights = list(itertools.accumulate(1 / rank for rank in range(1, products + 1)))
    latest: Counter[tuple[str, str]] = Counter()
    for at in sorted(chance.uniform(OPENS, 1.0) for _ in range(events)):
        source = chance.choices(SOURCES, SHARES)[0]
        sku = f"P-{chance.choices(numbers, cum_weights=weights)[0]:04d}"
        # Whole seconds, as shops write them, and all different: the order is definite.
        second = int(at * 86_400) if source != "stock" else 0
        latest[source, sku] = order = max(second, latest[source, sku] + chance.randint(1, 3))
        yield Fact(source, sku, at, order, _values(source, order, chance))


def _values(source: str, order: int, chance: random.Random) -> dict[str, Any]:
    if source == "stock":
        quantity = max(0, chance.randint(-5, 60))
        return {"stock": quantity, "in-stock": quantity > 0}
    if source == "crm":
        both = {
            "supplier": f"Supplier {chance.randint(1, 40)}",
            "category": chance.choice(CATEGORIES),
        }
        return {slug: both[slug] for slug in chance.choice((("supplier",), ("category",), both))}
    return {
        "name": f"{chance.choice(('Oak', 'Steel', 'Linen', 'Glass'))} {chance.randint(100, 999)}",
        "price": round(chance.randint(500, 99_900) / 100, 2),
        "description": f"<p>As of {order // 3600:02}:{order // 60 % 60:02}.</p>",
    }


def _refused(facts: Iterable[Fact], products: int) -> Fact:
    """Return a price below zero: the last price of a product that sells little."""
    spoken = Counter(fact.sku for fact in facts if fact.source == "shop")
    skus = (f"P-{number:04d}" for number in range(1, products + 1))
    sku = min(skus, key=lambda each: spoken[each])
    values = {"name": "A good offer", "price": REFUSED_PRICE, "description": "<p>Too good.</p>"}
    return Fact("shop", sku, REFUSED_AT, 86_400, values, frozenset({"price"}))


def _delivery(fact: Fact, number: int, begins: datetime) -> SimulatedDelivery:
    id = f"{fact.source}-{number:06d}"
    return SimulatedDelivery(fact.at, fact.source, id, _body(fact, id, begins))


def _body(fact: Fact, id: str, begins: datetime) -> bytes:
    at = (begins + timedelta(seconds=fact.order)).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = fact.values
    bodies: dict[str, Any] = {
        "shop": lambda: {
            "id": int(fact.sku[2:]) + 632_910_000,
            "title": values["name"],
            "body_html": values["description"],
            "updated_at": at,
            "variants": [{"sku": fact.sku, "price": f"{values['price']:.2f}"}],
        },
        "stock": lambda: _stock(id, fact.sku, fact.order, values["stock"]),
        "crm": lambda: {
            "type": TOPICS["crm"],
            "timestamp": at,
            "data": {"product": fact.sku, **values},
        },
    }
    return json.dumps(bodies[fact.source]()).encode()


def _stock(id: str, sku: str, revision: int, quantity: Any) -> dict[str, Any]:
    data = {"sku": sku, "revision": revision, "qty": quantity}
    return {"id": id, "type": TOPICS["stock"], "data": data}


def _perhaps_late(delivery: SimulatedDelivery, chance: random.Random) -> SimulatedDelivery:
    if chance.random() > LATE:
        return delivery
    return replace(delivery, due=_later(delivery.due, chance), mark="late")


def _again(delivery: SimulatedDelivery, chance: random.Random) -> SimulatedDelivery:
    return replace(delivery, due=_later(delivery.due, chance), mark="duplicate")


def _later(due: float, chance: random.Random) -> float:
    return min(1.0, due + chance.uniform(0.005, LATEST))


def _odd(sent: Sequence[SimulatedDelivery], chance: random.Random) -> Iterator[SimulatedDelivery]:
    """Yield deliveries that cannot be mapped, are not signed, or name an unknown product."""
    for number, quantity in enumerate(UNMAPPED):
        id = f"stock-odd-{number}"
        body = json.dumps(_stock(id, f"P-{number + 1:04d}", 1, quantity)).encode()
        yield SimulatedDelivery(chance.uniform(0.1, 0.9), "stock", id, body, "unmapped")
    for delivery in chance.sample(sent, min(UNSIGNED, len(sent))):
        yield replace(delivery, due=chance.uniform(OPENS, 1.0), mark="unsigned")
    body = json.dumps(_stock("stock-unknown", UNKNOWN, 1, 3)).encode()
    # First of all: an unknown key is looked up at once, and then not again for a while.
    yield SimulatedDelivery(0.0, "stock", "stock-unknown", body, "unknown")

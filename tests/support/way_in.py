"""An intake on small stand-ins for the outbox and the mappings."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from service.ingest.intake import Intake
from service.senders import build
from workers.config.settings import Source
from workers.errors import StoreUnavailable
from workers.model.changes import Again, Change, FieldProblem, FieldValue, LeftOut

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
PROOF = {"authorization": "Bearer s3cret", "content-type": "application/json", "x-topic": "stock"}
OPTIONS = {"id": "id", "topic": "header:X-Topic", "occurred_at": "at"}


@dataclass
class Mapped:
    changes: tuple = ()
    problems: tuple = ()
    wanted: bool = True
    fetches: tuple = ()
    left: tuple = ()
    nameless: bool = False


class Mappings:
    """Takes the topic stock; the payload tells the quantity."""

    def changes(self, source, topic, payload, *, version, placed="arrival"):
        if topic not in ("stock", None):
            return Mapped(wanted=False)
        if not isinstance(payload, dict) or "qty" not in payload:
            return Mapped(problems=(FieldProblem("qty", "missing"),))
        if payload["qty"] == "fail":
            raise KeyError("qty")
        fields = (FieldValue("stock", str(payload["qty"]), "plain"),)
        change = Change("Stock", "products", "sku-1", "key", fields, version, placed=placed)
        if "name" not in payload or payload["name"]:
            return Mapped((change,))
        left = LeftOut("products", "sku-1", "key", "name", version)
        return Mapped((change,), (FieldProblem("name", "is empty"),), left=(left,))


@dataclass
class Accepted:
    outcome: str = "kept"
    accepted: int = 1
    wake: tuple = ()
    letters: int = 0
    stalled: dict | None = None
    last: int = 0
    at_us: int | None = None


@dataclass
class Outbox:
    room = None

    answer: Accepted = field(default_factory=Accepted)
    deliveries: list = field(default_factory=list)
    down: bool = False

    def accept(self, delivery):
        if self.down:
            raise StoreUnavailable("no answer")
        self.deliveries.append(delivery)
        return self.answer

    def accept_in_order(self, deliveries):
        return [self.accept(delivery) for delivery in deliveries]


@dataclass
class Letter:
    body: bytes
    index: int = 0
    source: str = "erp"
    id: str = "letter-1"
    headers: dict = field(default_factory=lambda: {"x-topic": "stock"})
    again: Again | None = field(default_factory=lambda: Again(3, 0, "t01778578200000000"))


def make(outbox, wake, mappings=None, **options):
    source = Source("erp", "bearer", ("s3cret",), options=OPTIONS | options)
    senders = {"erp": build(source, public_url=None)}
    return Intake(senders, mappings or Mappings(), outbox, wake)

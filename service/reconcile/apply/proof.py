"""
What keeps a run from being a proof: everything that came before the listing began, and is not
confirmed at the end. Later events are noted, but do not count: a busy shop always has some.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass

from service.reconcile.apply.settlement import AT_ONCE, LOOK
from service.reconcile.plan import causes
from service.reconcile.state.outbox_reader import OutboxReader
from service.reconcile.state.working_set import PAGE, WorkingSet
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.store import keys
from workers.store.connection import guarded
from workers.store.dead_letters import Letter
from workers.store.item_record import FieldRecord, ItemRecord

PATIENCE = 60.0  # s to wait for earlier events

WORDS: Mapping[str, str] = {  # what a run counts as not proven → in words
    "source": "readings of the source that are not whole",
    "unmapped": "records that could not be mapped",
    "dead": "open dead letters (`instep dead list`)",
    "refused": "values that became dead letters in this run",
    "not_comparable": "values that cannot be compared",
    "staged": "items staged, not known whose (`instep publish COLLECTION`)",
    "listing": "records that the listing missed, as items were deleted during it (run it again)",
    "unsettled": "records with values still to be written",
    "undone": "values undone by hand",
    "spool": "deliveries waiting in a spool",
    "held": "items held by the guard (deletes: `instep deletes list`)",
}


@dataclass(eq=False)
class RunProof:
    """
    Collects what a run has not proven.

    Args:
        sleep: Between two checks.

    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    context: Context
    collection: Collection
    table: WorkingSet
    _: KW_ONLY
    source: str
    sleep: Callable[[float], object] = time.sleep

    def __post_init__(self) -> None:
        self._outbox = OutboxReader(self.context, self.collection)
        self._arrival = self._began_ms = 0

    def begin(self) -> None:
        """Record the state before the listing begins."""
        with guarded():
            self._arrival = int(self.context.steps.client.get(keys.ARRIVAL) or 0)
        self._began_ms = self._outbox.now_us() // 1000

    # pending --------------------------------------------------------------------------------

    def unsettled(self, hindrance: Callable[[], str] | None) -> int:
        """
        Return the number of records with an earlier value that is still pending; *hindrance*
        returns why waiting is futile, None: do not wait.
        """
        noted = set(self.table.records_of(causes.ON_ITS_WAY))
        name = keys.waiting(self.collection.name)
        with guarded():
            waiting = self.context.steps.client.zrangebyscore(name, "-inf", self._began_ms)
        left = sorted({*noted, *waiting})
        waited = 0.0
        while True:
            left, moves = self._look(left, noted)
            sliced = self._sliced()
            ends = not (moves or sliced) or hindrance is None or waited >= PATIENCE
            if ends or (hindrance and hindrance()):
                return len(left) + sliced
            self.sleep(LOOK)
            waited += LOOK

    def _sliced(self) -> int:
        """Return the number of earlier deliveries that are still being accepted in slices."""
        client = self.context.steps.client
        with guarded():
            names = [str(name) for name in client.lrange(keys.SLICED, 0, -1)]
            came = [client.hget(keys.sliced(name), "before") for name in names]
        return sum(before is not None and int(before) <= self._arrival for before in came)

    def _look(self, records: Sequence[str], noted: set[str]) -> tuple[list[str], bool]:
        """Return those of *records* that are not settled, and whether one of them still may be."""
        left, moves = list(records[AT_ONCE:]), len(records) > AT_ONCE
        asks = self._outbox.asks()
        for start in range(0, min(len(records), AT_ONCE), PAGE):
            page = records[start : min(start + PAGE, AT_ONCE)]
            for record, held in self._outbox.read(page).items():
                fields = [*_fields(held), *([held.held] if held.held and not asks else [])]
                own = [e for e in fields if self._is_open(e, mends=record in noted)]
                if own:
                    left.append(record)
                    moves = moves or not all(each.stuck for each in own)
        return left, moves

    def _is_open(self, field: FieldRecord, *, mends: bool) -> bool:
        if field.arrival > self._arrival:
            return False
        return field.state == "pending" or (mends and field.mending)

    # dead letters ---------------------------------------------------------------------------

    def dead(self, refused: Sequence[str]) -> int:
        """
        Return the number of open dead letters of earlier events; *refused* are records with dead
        letters from this run's own values.
        """
        keys = {key for record in refused for key in (record, self.table.shown(record))}
        return sum(self._counts(letter, keys) for letter in self.context.letters.list())

    def _counts(self, letter: Letter, refused: set[str | None]) -> bool:
        if letter.kind == "unmapped":
            named = {each["collection"] for each in letter.left_out if each["collection"]}
            mine = self.collection.name in named if named else letter.source == self.source
            return mine and letter.created.timestamp() * 1000 <= self._began_ms
        if letter.collection != self.collection.name:
            return False
        before = any(each.get("arrival", 0) <= self._arrival for each in letter.fields.values())
        return before or letter.key in refused


def _fields(held: ItemRecord) -> list[FieldRecord]:
    return [*held.fields.values(), *([held.gone] if held.gone else [])]


def lines(counts: Mapping[str, int]) -> list[str]:
    """Return the unproven counts in words."""
    return [f"{WORDS[name]}: {number}" for name, number in counts.items() if number]

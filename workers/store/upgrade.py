"""
Upgrade from version 1 of the store to 2: keys of records in normal form.

To version 3 and 4: for an hour, in which processes of the older release may still run, nothing is
packed, nor put into parts.

Each record is one step (``merge.lua``), so that the upgrade can be killed and repeated at any time.

During a rolling restart, processes of the old release may still write records under other forms of
their keys. These are searched for another hour, and claims that hold one are not carried out.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workers.config.settings import Settings
from workers.model.attempts import Batch
from workers.store import keys, version
from workers.store.connection import guarded
from workers.store.item_record import ItemRecord
from workers.store.lease import Lease
from workers.store.scripts import Steps
from workers.webflow.item_keys import normal_record

PAGE = 500  # records per read
LOCK = 30.0  # s until the lock of a dead process expires
PATIENCE = 40.0  # s to wait for active claims: longer than any claim
AGAIN = 3600.0  # s during which records of version 1 are searched again
EVERY = 60.0  # s between these searches
_REFERS = ("reference-key", "references-key")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Odd:
    """A record not in the form of this version."""

    collection: str
    record: str
    to: str  # normal form of its key; the key itself if only the rest is odd
    texts: Mapping[str, str]  # values that name items by keys → their normal form
    look: bool = False  # to be created because a listing of odd keys lacked it


class Upgrade:
    """
    Every method raises StoreUnavailable if the store does not answer.

    Args:
        parts: Collection → number of key parts in its mappings, if one CMS field holds all of them;
            None: as stored by the last process that knew the mappings.
    """

    def __init__(
        self, steps: Steps, settings: Settings, parts: Mapping[str, int] | None = None
    ) -> None:
        self._steps = steps
        self._settings = settings
        self._given = parts
        self._read: dict[str, int] | None = None
        self._looking: Iterator[None] | None = None
        self._next = float("-inf")

    @property
    def _parts(self) -> dict[str, int]:
        """Collection with keys → number of parts."""
        if self._read is None:
            with guarded():
                told = (
                    self._steps.client.hgetall(keys.KEY_PARTS)
                    if self._given is None
                    else self._given
                )
            self._read = {
                name: max(len(collection.keys), int(told.get(name, 1)))
                for name, collection in self._settings.collections.items()
                if collection.key
            }
        return self._read

    def complete(self, *, sleep: Callable[[float], object] = time.sleep) -> None:
        """
        Upgrade the store, or wait until another process has.

        Raises:
            StoreNewer: A later release has written it.
        """
        with guarded():
            for name, count in (self._given or {}).items():
                self._steps.client.hset(keys.KEY_PARTS, name, str(count))
            lease = Lease(
                self._steps.client, keys.UPGRADE, "the upgrade of the store", seconds=LOCK
            )
            while (found := version.read(self._steps.client)) < version.VERSION:
                if lease.take():
                    try:
                        self._run(lease, sleep, found)
                    finally:
                        lease.end()
                else:
                    sleep(0.2)
            version.mark(self._steps.client)
        self._steps.drop_others()

    def look_again(self) -> None:
        """Merge records that an old process has written since; a page per call."""
        if self._looking is None and time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            if self._is_young():
                self._looking = self._look()
        if self._looking is not None and next(self._looking, "end") == "end":
            self._looking = None

    def is_odd(self, batch: Batch) -> bool:
        """Tell whether *batch* has records of version 1, and must not be sent."""
        return any(self._normal(batch.collection, item.record) for item in batch.items)

    def merge_claimed(self, batch: Batch) -> None:
        """Merge the odd records of *batch*, after its claim was released."""
        for item in batch.items:
            if to := self._normal(batch.collection, item.record):
                self._merge(Odd(batch.collection, item.record, to, {}))

    def merged(self) -> dict[str, int]:
        """Return collection → records merged into others."""
        with guarded():
            held = self._steps.client.hgetall(keys.MERGED)
        return {str(name): int(count) for name, count in held.items()}

    def _run(self, lease: Lease, sleep: Callable[[float], object], found: int) -> None:
        client = self._steps.client
        client.hset(keys.PACKING, "from", str(int((self._steps.now() + AGAIN) * 1000)))
        if found > 1:
            version.mark(client)
            return
        self._drop_odd_indexes()
        waiting: list[Odd] = []
        count = 0
        for page in self._pages():
            lease.keep()  # if it is lost, another process does the same, with the same result
            for odd in self._odd(page, looking=True):
                count += 1
                if not self._merge(odd):
                    waiting.append(odd)
        ends = time.monotonic() + PATIENCE
        while waiting and time.monotonic() < ends:
            sleep(0.25)
            lease.keep()
            waiting = [odd for odd in waiting if not self._merge(odd)]
        seconds, _ = client.time()
        client.set(keys.UPGRADED, seconds)
        version.mark(client)
        told = {"version": version.VERSION, "records": count, "claimed": len(waiting)}
        _log.info("store upgraded", extra=told)

    def _look(self) -> Iterator[None]:
        # A listing by an old worker takes items away from their normal keys.
        with guarded():
            self._drop_odd_indexes()
        for page in self._pages():
            for odd in self._odd(page, looking=False):
                self._merge(odd)
            yield

    def _is_young(self) -> bool:
        with guarded():
            at = self._steps.client.get(keys.UPGRADED)
            seconds, _ = self._steps.client.time()
        return at is not None and abs(int(seconds) - int(at)) < AGAIN

    def _pages(self) -> Iterator[list[tuple[str, str]]]:
        """Yield (collection, record) of all items with keys, in pages."""
        cursor = 0
        while True:
            with guarded():
                cursor, names = self._steps.client.scan(
                    cursor, match=keys.every("item"), count=PAGE
                )
            pairs = (keys.rest_of(str(name)).partition(":") for name in names)
            yield [(name, record) for name, _, record in pairs if name in self._parts]
            if cursor == 0:
                return

    def _odd(self, page: Iterable[tuple[str, str]], *, looking: bool) -> Iterator[Odd]:
        page = list(page)
        with guarded(), self._steps.client.pipeline(transaction=False) as pipeline:
            for name, record in page:
                pipeline.hgetall(keys.item(name, record))
            found = pipeline.execute()
        for (name, record), held in zip(page, found, strict=True):
            item = ItemRecord.parse(held)
            to = self._normal(name, record) if item.by_key else None
            texts = dict(self._texts(item))
            look = looking and item.create
            if to or texts or look:
                yield Odd(name, record, to or record, texts, look)

    def _texts(self, item: ItemRecord) -> Iterator[tuple[str, str]]:
        """Yield the values that name items by other forms of keys, and their replacements."""
        for field in item.stored:
            value = json.loads(field.value) if field.type in _REFERS else None
            if value is not None and (fresh := self._named(value)) != value:
                yield field.value, json.dumps(fresh, ensure_ascii=False, separators=(",", ":"))

    def _named(self, value: Mapping[str, Any]) -> dict[str, Any]:
        parts = self._parts.get(value["to"], 1)
        if "keys" in value:
            keys = (normal_record(key, parts) for key in value["keys"])
            return {**value, "keys": list(dict.fromkeys(keys))}
        return {**value, "key": normal_record(value["key"], parts)}

    def _normal(self, collection: str, record: str) -> str | None:
        """Return the normal form of *record*; None: it is normal, or has no such form."""
        if record.isascii() and record.isalnum():
            return None
        form = normal_record(record, self._parts.get(collection, 1))
        return form if form and form != record else None

    def _merge(self, odd: Odd) -> bool:
        """Run one merge; False: the record is in an active claim."""
        answer = self._steps.run(
            "merge",
            {
                "token": uuid.uuid4().hex,
                "collection": odd.collection,
                "from": odd.record,
                "to": odd.to,
                "texts": dict(odd.texts),
                "look": odd.look,
            },
        )
        if answer.get("collided"):
            self._tell(odd, answer["overtaken"])
        return bool(answer["done"])

    def _tell(self, odd: Odd, overtaken: int) -> None:
        with guarded():
            self._steps.client.hincrby(keys.MERGED, odd.collection, 1)
        _log.warning(
            "two records with one key were merged",
            extra={"collection": odd.collection, "key": odd.record, "overtaken": overtaken},
        )

    def _drop_odd_indexes(self) -> None:
        """Delete indexes with keys that are not normal: they are listed again."""
        client = self._steps.client
        for name in self._parts:
            at = (name, self._settings.copy_of(self._settings.collections[name]))
            if any(self._normal(name, key) for key, _ in client.hscan_iter(keys.item_ids(*at))):
                client.unlink(*keys.index_of(*at))

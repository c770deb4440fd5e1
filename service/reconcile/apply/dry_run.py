"""
The dry run: the same steps on a temporary store, with a fake CMS.

A Valkey in a temporary directory gets the outbox's data of the records to change. Then the normal
code hands them over, claims, sends, compares and settles them. Its clock is advanced instead of
waiting.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import redis

from service.reconcile.apply.fake_client import FakeClient
from service.reconcile.plan import causes
from service.reconcile.state import locale_variants
from service.reconcile.state.cms_schema import schema_of
from service.reconcile.state.reference_ids import REFERS, linked_keys
from service.reconcile.state.working_set import PAGE, WorkingSet
from workers.config.settings import Collection, Destination, Settings, StoreSettings
from workers.delivery.context import Context, make_context
from workers.delivery.deliver import Deliverer
from workers.delivery.reads import CmsReader
from workers.model.attempts import Wait
from workers.runtime.embedded_store import kept
from workers.store import connection, keys
from workers.store.connection import guarded
from workers.store.item_record import ItemRecord, without_request
from workers.store.outbox import FLIGHTS
from workers.store.scripts import Steps
from workers.webflow.client import Client
from workers.webflow.site import Locale

AT_ONCE = 10_000_000  # requests a minute: the budget never delays
LONGEST = 3600.0  # s of its clock; what is left would wait for hours
MOST_STEPS = 1_000_000
NEVER_MS = 3_590_000  # a later time counts as now (lua/lib/listing_schedule.lua)
_PASS = ("pass", "kind", "offset", "since", "lock", "holder", "pages", "total")


class _NoWakes:
    """Wakes no worker: the dry run works itself."""

    def wake(self, destination: str) -> None:
        """Do nothing."""

    def crowded(self, destination: str) -> bool:
        return False

    def close(self) -> None:
        """Nothing is open."""


class _FakeReader(CmsReader):
    def __init__(self, context: Context, fake: FakeClient) -> None:
        super().__init__(context)
        self._fake = fake

    def client(self, destination: Destination) -> Client:
        return self._fake  # type: ignore[return-value]  # it has the methods that are called


@dataclass(frozen=True, slots=True)
class DryRun:
    """A store of its own with a copy of the outbox, and a fake CMS."""

    context: Context
    collection: Collection
    fake: FakeClient

    def play(self) -> dict[str, int]:
        """
        Carry out steps until none is left; return the calls by kind. Raises StoreUnavailable if the
        store of the dry run did not answer.
        """
        destination = self.context.settings.destinations[self.collection.destination]
        deliverer = Deliverer(self.context, spread=lambda: 0.5)
        deliverer.reader = _FakeReader(self.context, self.fake)
        steps, waited = self.context.steps, 0.0
        for _ in range(MOST_STEPS):
            wait = deliverer.step(destination, flights=FLIGHTS, more=lambda _: None)
            if not isinstance(wait, Wait):
                continue
            if wait.seconds is None or waited > LONGEST:
                break
            waited += wait.seconds
            steps.clock_offset_ms += int(wait.seconds * 1000) + 1
        return dict(self.fake.calls)


@contextmanager
def prepared(
    context: Context, collection: Collection, table: WorkingSet, locales: tuple[Locale, ...] = ()
) -> Iterator[DryRun]:
    """
    Yield a dry run of the repairs in *table*; *locales*: of the site.

    Raises:
        StoreUnavailable: A store did not answer, or none could be started.
        ReconcileFailed: The collection's fields cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="instep-dry-run-") as folder:
        settings = _settings_of(context.settings, collection, Path(folder))
        with kept(settings.store):
            client = connection.connect(settings.store)
            try:
                steps = Steps(client, clock_offset_ms=context.steps.clock_offset_ms)
                own = make_context(settings, steps, _NoWakes())
                schema, _ = schema_of(context, collection)
                _copy(context, client, collection, table.acted(causes.ACTS))
                locale_variants.copy(context, own, collection)
                locale_variants.record(own, collection, table, locales)
                _copy_targets(context, client, collection, table.references())
                fake = FakeClient(
                    table,
                    table.types_by_slug(),
                    list(schema.fields.values()),
                    by_v1=settings.destinations[collection.destination].api == "v1",
                    tags={locale.id: locale.tag for locale in locales[1:]},
                )
                yield DryRun(own, collection, fake)
            finally:
                client.close()


def _settings_of(settings: Settings, collection: Collection, folder: Path) -> Settings:
    destination = settings.destinations[collection.destination]
    return replace(
        settings,
        # A temporary store needs no durability.
        store=StoreSettings(data=folder, durability="unverified"),
        destinations={destination.name: replace(destination, requests_per_minute=AT_ONCE)},
        collections={
            name: each
            for name, each in settings.collections.items()
            # Those that it can refer to, too.
            if each.destination == destination.name
        },
    )


def _copy(
    context: Context, client: redis.Redis, collection: Collection, records: Sequence[str]
) -> None:
    """
    Copy the data of *records* that the steps read, and the ids of the items that they refer to.
    """
    at = (collection.name, context.settings.copy_of(collection))
    real = context.steps.client
    values: set[tuple[str, str]] = set()
    with guarded():
        _copy_index(context.steps, client, at)
        if schema := real.get(keys.schema(*at)):
            client.set(keys.schema(*at), schema)
        client.set(keys.ARRIVAL, real.get(keys.ARRIVAL) or 0)
        for start in range(0, len(records), PAGE):
            page = records[start : start + PAGE]
            values |= _copy_items(real, client, at, page)
    _copy_targets(context, client, collection, values)


def _copy_index(steps: Steps, client: redis.Redis, at: tuple[str, str]) -> None:
    """Copy the times of the last reads, but no listing that is under way."""
    held = steps.client.hgetall(keys.index(*at))
    own: dict[Any, Any] = {name: value for name, value in held.items() if name not in _PASS}
    # No listing begins that no value waits for.
    never = int(steps.client.time()[0]) * 1000 + steps.clock_offset_ms + NEVER_MS
    own |= {"edits_next": never, "round_next": never}
    client.hset(keys.index(*at), mapping=own)
    # The fake CMS finds no key, and a listing would cost as many calls as a filter.
    client.hset(keys.index(*at, "filter"), "off", never)
    if steps.client.exists(keys.item_ids(*at)):
        # Without any ids everything would have to be listed first.
        client.hset(keys.item_ids(*at), "", "")


def _copy_targets(
    context: Context,
    client: redis.Redis,
    collection: Collection,
    values: Iterable[tuple[str, str]],
) -> None:
    """Copy the ids of the items that *values* (type and text) refer to by their keys."""
    copies = context.settings.copies(collection.destination)
    for to, named in linked_keys(values).items():
        if to not in copies:
            continue
        at = (to, copies[to])
        with guarded():
            found = context.steps.client.hmget(keys.item_ids(*at), named)
            ids: dict[Any, Any] = {key: id for key, id in zip(named, found, strict=True) if id}
            if ids:
                client.hset(keys.item_ids(*at), mapping=ids)
            if to != collection.name:
                _copy_index(context.steps, client, at)


def _copy_items(
    real: redis.Redis, client: redis.Redis, at: tuple[str, str], records: Sequence[str]
) -> set[tuple[str, str]]:
    """Copy *records* with their letters; return type and value of their references."""
    with real.pipeline(transaction=False) as pipeline:
        for record in records:
            pipeline.hgetall(keys.item(at[0], record))
        pipeline.hmget(keys.item_ids(*at), list(records))
        *items, ids = pipeline.execute()
    fields = [field for flat in items for field in ItemRecord.parse(flat).stored]
    letters = sorted({field.letter for field in fields if field.letter})
    with real.pipeline(transaction=False) as pipeline:
        for letter in letters:
            pipeline.hgetall(keys.letter(letter))
        held = pipeline.execute()
    with client.pipeline(transaction=False) as pipeline:
        for record, flat, id in zip(records, items, ids, strict=True):
            # A request that is open in the real store is not open here.
            own: dict[Any, Any] = without_request(flat)
            if own:
                pipeline.hset(keys.item(at[0], record), mapping=own)
            if id:
                pipeline.hset(keys.item_ids(*at), record, id)
                pipeline.hset(keys.item_keys(*at), id, record)
        for letter, flat in zip(letters, held, strict=True):
            if flat:
                pipeline.hset(keys.letter(letter), mapping=flat)
                pipeline.zadd(keys.LETTERS, {letter: 0})
        pipeline.execute()
    return {(field.type, field.value) for field in fields if field.type in REFERS}

"""``instep forget``: erase one record from the store."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

import click

from service.commands.output import printable
from service.commands.session import joined, operator
from workers.store import keys

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis

    from service.config.build import Configuration
    from workers.delivery.context import Context
    from workers.store.key_places import Hit
    from workers.store.key_text import KeyText

WORDS: Final = {  # by the kinds of `Hit`
    "record": "the record and its newest values",
    "letter": "dead letters of the record, or of a delivery that contains its key",
    "body": "payloads that could not be read",
    "notice": "objects waiting to be fetched",
    "delivery": "stored deliveries that contain its key",
    "words": "compression dictionaries, with all deliveries that use them",
    "listed": "entries in the list of deliveries",
    "life": "what happened to the record, and entries of other records that contain its key",
    "audit": "audit entries, whose target is blanked",
    "told": "problems and runs, whose words are blanked",
    "answer": "stored answers to repeated calls",
    "member": "queue entries",
    "index": "entries of the item index",
    "search": "its entry of the search index",
}
REMAINS: Final = (
    "The item in the CMS, backups, replicas, logs and other systems are not changed: erase the "
    "record there, too. A later event with this key creates the record again, and as long as the "
    "item is in the CMS, a listing adds its key to the index again."
)
LEFT: Final = 20  # places that are named
_PATIENCE: Final = 60.0  # s for deliveries that are being accepted
_LOOKED: Final = 20  # slices that are searched for the nearest key


@click.command()
@click.argument("collection")
@click.argument("key")
@click.option("--dry-run", is_flag=True, help="Show what is stored; erase nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before erasing.")
def forget(collection: str, key: str, dry_run: bool, yes: bool) -> None:
    """Erase all that is stored for the record KEY of COLLECTION. Includes payloads with its key."""
    from service.config.build import of_process
    from service.reconcile.progress import Progress
    from workers.store import connection
    from workers.store.audit import Audit
    from workers.store.erasure import Erasure

    configuration = of_process()
    if collection not in configuration.settings.collections:
        names = ", ".join(configuration.settings.collections) or "none"
        raise click.UsageError(f"found {collection!r}, expected a collection: {names}")
    if not (dry_run or yes or sys.stdin.isatty()):
        raise click.UsageError("nothing was changed; add --yes to erase, or --dry-run to look")
    with joined() as context:
        client = connection.rq_connection(context.settings.store)
        text = key_text(configuration, context, collection, key)
        erasure = Erasure(client, context.steps, text)
        _await_slices(client)
        with Progress("searching the store") as bar:
            hits = erasure.find(bar.at)
        if all(hit.kind not in WORDS for hit in hits) and not erasure.begun():
            _unknown(context, collection, key, text.record)
        _show(hits)
        if dry_run:
            return
        if not (yes or click.confirm("Erase it for good?", default=False)):
            click.echo("Nothing was changed.")
            raise SystemExit(1)
        with Progress("erasing") as bar:
            erased = erasure.run(hits, bar.at)
        entries, values = sum(erased.gone.values()), erased.discarded
        click.echo(f"Erased: {entries:,} entries; field values discarded: {values:,}")
        # Not the key: the list would keep what was to be forgotten.
        by = operator()
        Audit(context.steps).record(by, "forget", collection, entries=entries, discarded=values)
        data = context.settings.store.data.expanduser()
        faults = [*_write_files(client), *_spooled(data, client), *_copied(data)]
        if not faults:
            erasure.end()
        _finish(faults, erased.left)


def key_text(configuration: Configuration, context: Context, collection: str, key: str) -> KeyText:
    """Return *key* with the facts by which a search finds it."""
    from workers.store.item_record import SHOWN
    from workers.store.key_text import KeyText
    from workers.webflow.item_keys import normal_record

    settings, client = context.settings, context.steps.client
    options = [rule.options for rule in configuration.mappings.rules]
    own = [each for each in options if each.collection == collection]
    by_item = any(each.by == "item" for each in own)
    count = max([len(settings.collections[collection].keys), *(len(o.record) for o in own), 1])
    count = 1 if by_item else count
    record = key if by_item else normal_record(key, count)
    shown = client.hget(keys.item(collection, record), SHOWN)

    @lru_cache(4096)
    def is_key(text: str) -> bool:
        return any(
            client.exists(keys.item(name, text))
            or client.hexists(keys.item_ids(name, settings.copy_of(each)), text)
            for name, each in settings.collections.items()
        )

    return KeyText(
        collection,
        record,
        parts=count,
        spellings=[str(text) for text in (key, shown) if text],
        names={name for each in own for path in each.record for name in _names(path)},
        is_key=is_key,
        others=set(settings.collections) - {collection},
    )


def _await_slices(client: Redis) -> None:
    """Wait for large deliveries that are being accepted: they could restore the key."""
    from service.reconcile.progress import Progress

    ends = time.monotonic() + _PATIENCE
    with Progress("waiting for deliveries that are being accepted") as bar:
        first = count = int(client.llen(keys.SLICED))
        while count and time.monotonic() < ends:
            bar.at(max(0, first - count), first)
            time.sleep(0.1)
            count = int(client.llen(keys.SLICED))


def _names(path: object) -> Iterator[str]:
    """Yield the names under which *path* of a mapping finds a key."""
    steps = getattr(path, "steps", None)
    for each in (steps,) if steps is not None else getattr(path, "uses", ()):
        yield from [step for step in each if isinstance(step, str)][-1:]


def _unknown(context: Context, collection: str, key: str, record: str) -> None:
    click.echo(
        f"nothing is stored for {printable(key)} of {collection}; nothing was changed", err=True
    )
    prefix = keys.item(collection, "")
    found: list[str] = []
    cursor = 0
    for _ in range(_LOOKED):
        cursor, names = context.steps.client.scan(cursor, match=f"{prefix}*", count=1000)
        found += [str(name).removeprefix(prefix) for name in names]
        if not cursor:
            break
    if near := get_close_matches(record, found, 1):
        click.echo(f"the most similar key is {printable(near[0])}", err=True)
    raise SystemExit(1)


def _show(hits: Iterable[Hit]) -> None:
    counted = Counter(hit.kind for hit in hits)
    if not counted:
        click.echo("Nothing is stored for it any more; an earlier run is completed.")
        return
    click.echo("Stored for this record:")
    for kind, words in WORDS.items():
        if counted[kind]:
            click.echo(f"{counted[kind]:9,}  {words}")
    _show_left([hit for hit in hits if hit.kind not in WORDS])


def _show_left(left: list[Hit]) -> None:
    if not left:
        return
    click.echo("Not erased, because it belongs to other records:")
    for hit in islice(left, LEFT):
        click.echo(f"  {printable(_place(hit))}")
    if len(left) > LEFT:
        click.echo(f"  and {len(left) - LEFT:,} more")


def _place(hit: Hit) -> str:
    kind, name = keys.kind_of(hit.key), keys.rest_of(hit.key)
    if kind == "sliced":
        return "a delivery that is being accepted: run the command again in a moment"
    if hit.kind != "reference":
        return f"{hit.key} {hit.id}".rstrip()
    if kind == "item":
        collection, _, record = name.partition(":")
        return f"{record} of {collection}: its field {hit.id} refers to this key"
    if kind == "letter":
        return f"dead letter {name}: its record refers to this key"
    return f"{hit.id.partition(':')[2]} of {hit.id.partition(':')[0]} waits for it"


def _write_files(client: Redis) -> Iterator[str]:
    from service.reconcile.progress import Progress
    from workers.store.append_only import rewrite

    with Progress("rewriting the store's files") as bar:
        if fault := rewrite(client, bar.at):
            yield fault


def _spooled(data: Path, client: Redis) -> Iterator[str]:
    """Yield a fault for deliveries in a spool, which are accepted later."""
    from workers.store import spool_marks

    # A file is removed once all of its deliveries were accepted.
    for found in sorted(data.glob("spool/*.*"))[:1]:
        if found.suffix == ".damaged":
            yield f"{found} holds deliveries that could not be read; remove it and run this again"
        else:
            yield f"{found} holds deliveries that are not accepted yet; run this again later"
    deliveries, _ = spool_marks.of_others(client)
    if deliveries:
        words = "deliveries that are not accepted yet; run this again later"
        yield f"the spools of other machines hold {deliveries:,} {words}"


def _copied(data: Path) -> Iterator[str]:
    """Yield a fault for each copy of a damaged file of the store."""
    for path in sorted(data.glob("damaged/*")):
        yield f"{path} is a copy of a damaged store file; remove it and run this again"


def _finish(faults: list[str], left: tuple[Hit, ...]) -> None:
    for fault in faults:
        click.echo(f"A file may still contain the key: {fault}", err=True)
    if left:
        click.echo("These still contain the key:", err=True)
        for hit in islice(left, LEFT):
            click.echo(f"  {printable(_place(hit))}", err=True)
        click.echo(
            "Send newer values for the records that refer to it, or forget those, too.", err=True
        )
    click.echo(REMAINS)
    if faults or left:
        raise SystemExit(1)

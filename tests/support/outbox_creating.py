"""Outboxes that create what is missing, and how their claims are answered."""

from tests.support.outbox_driver import event
from workers.model.attempts import ItemOutcome

NAME = {"name": "Oak desk"}


def knowing(bench):
    """Give *bench* the schemas of its collections."""
    for collection in bench.settings.collections.values():
        place = f"{collection.name}:{bench.settings.copy_of(collection)}"
        bench.client.set(f"instep:schema:{place}", "[]")
    return bench


def put(bench, *records, fields=None, **options):
    for record in records:
        values = {**NAME, "stock": 1, **(fields or {})}
        bench.accept(event(record, values, by="key", **options))


def wanted(bench, *records, **options):
    """Some records that no listing shows."""
    put(bench, *records, **options)
    bench.list_all()


def created(batch):
    """The outcomes on items that are there now."""
    return [
        ItemOutcome(
            item.record,
            made=f"id-{item.record}",
            written=tuple(field.slug for field in item.fields),
        )
        for item in batch.items
    ]


def unknown(bench, batch):
    return bench.settle(
        batch, *(ItemOutcome(item.record, unknown=True) for item in batch.items), health="failure"
    )

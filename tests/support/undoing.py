"""Undoes what the undo log tells, entry by entry, as a run does."""

from workers.model.changes import Change, FieldValue, Incoming
from workers.model.retirement import GONE
from workers.store.outbox import balanced
from workers.store.undo_log import UndoLog


def entry_of(bench, record, slug="stock"):
    """The newest entry of a field."""
    return next(e for e in UndoLog(bench.steps).of_record("products", record) if e.slug == slug)


def taking_back(entry, *, by="item", undoes=None):
    """The event that undoes *entry*."""
    slug, value, kind = entry.slug, entry.before, entry.before_type or entry.type
    if entry.act == "create":
        slug, value, kind = GONE, '"unpublish"', "gone"
    field = FieldValue(slug, value, kind, undoes=undoes or entry.arrival)
    change = Change("undo", entry.collection, entry.record, by, (field,), None)
    return Incoming(None, None, 0, (change,))


def undo(bench, entry, *, run="r9", by="item", undoes=None):
    """Undo *entry*; return the fate of the value, as `Bench.told` has it."""
    made = taking_back(entry, by=by, undoes=undoes)
    bench.accept(made, source=entry.source, mode="undo", run=run, body=b"")
    assert balanced(bench.counts())
    return bench.told()[0]

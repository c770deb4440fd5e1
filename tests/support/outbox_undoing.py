"""Undoes in a history of the model: any entry of the undo log, also one that is long overtaken."""

import json

from tests.support.undoing import taking_back
from workers.store.undo_log import UndoLog


def undo(play, number, *, again=False):
    """Take back one of the entries, be it still there or not."""
    log = UndoLog(play.bench.steps)
    entries = [e for record in ("i1", "i2") for e in log.of_record("products", record)]
    if not entries:
        return
    entry = entries[number % len(entries)]
    check_before(play, entry)
    if entry.before is None:
        return
    play.bench.accept(taking_back(entry, by="key"), source=entry.source, mode="undo", run="r1")
    if again:
        play.bench.steps.repeat("accept")
    place = (entry.record, entry.slug)
    taken = play.reference.undo(place, entry.arrival, json.loads(entry.before))
    record, slug, fate = play.bench.fates()[-1]
    assert (record, slug) == place
    assert (fate != "stale") == taken
    if fate == "unchanged":
        play.take_unchanged(place)


def check_before(play, entry):
    """What is said to have been there before, was there once."""
    if entry.before is None:
        return
    held = {
        shown[entry.slug][0]
        for record, shown, _ in play.network.landings
        if record == entry.record and entry.slug in shown
    }
    assert json.loads(entry.before) in held, entry

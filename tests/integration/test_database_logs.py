"""Positions in logs, at random: in the end each row holds what was written last."""

import random

import pytest

from service.senders import debezium_positions
from tests.support.database_log import Database
from tests.support.outbox_driver import Bench, change
from workers.model.changes import Incoming


def incoming(index, sent):
    """One change as the sender reads it."""
    version = debezium_positions.order(sent.source)
    log = debezium_positions.log_of(sent.source, version)
    one = change(f"r{sent.row}", {"stock": sent.value}, version=version)
    return Incoming(None, "t", index, (one,), log=log)


def wrong(bench, database, sent, *, together=7):
    """Let *sent* be accepted, and return the rows that do not hold what was written last."""
    for first in range(0, len(sent), together):
        batch = sent[first : first + together]
        bench.accept(*(incoming(index, each) for index, each in enumerate(batch)))
    return {
        row: (bench.value(f"r{row}"), value)
        for row, value in database.truth.items()
        if bench.value(f"r{row}") != value
    }


@pytest.mark.parametrize("kind", ["commit", "lsn", "binlog"])
def test_in_the_end_each_row_holds_what_was_written_last(store, kind):
    for seed in range(60):
        store.flushall()
        database = Database(random.Random(seed), kind)  # noqa: S311
        sent = database.run(60, failovers=seed % 3)
        assert wrong(Bench(store), database, sent) == {}, seed

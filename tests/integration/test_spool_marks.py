"""What the spools of other machines tell the store of themselves."""

import json

from service.ingest.spool_count import all_waiting
from workers.store import spool_marks


def test_a_spool_of_another_machine_counts_until_it_is_drained(store, tmp_path, monkeypatch):
    spool_marks.put(store, "here", 2, 200)
    monkeypatch.setattr(spool_marks, "machine", lambda: "another")
    spool_marks.put(store, "there", 3, 300)
    monkeypatch.undo()
    assert all_waiting(tmp_path, store).as_dict() == {"deliveries": 3, "bytes": 300}
    monkeypatch.setattr(spool_marks, "machine", lambda: "another")
    spool_marks.put(store, "there", 0, 0)
    monkeypatch.undo()
    assert all_waiting(tmp_path, store).deliveries == 0
    assert store.ttl("instep:spools") > 0


def test_a_spool_that_nobody_speaks_of_any_more_is_not_counted(store, tmp_path):
    entry = {"machine": "another", "at": 1, "deliveries": 3, "bytes": 300}
    store.hset("instep:spools", "another x", json.dumps(entry))
    assert all_waiting(tmp_path, store).deliveries == 0

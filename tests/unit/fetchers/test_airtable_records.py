"""Airtable's payloads, taken apart record by record."""

import jmespath
import pytest

from service.fetchers.airtable_records import records
from workers.errors import PayloadInvalid

CREATED = {"cellValuesByFieldId": {"fld1": 0}, "createdTime": "2022-02-01T21:25:05.663Z"}
CHANGED = {
    "current": {"cellValuesByFieldId": {"fld1": "hello world"}},
    "previous": {"cellValuesByFieldId": {"fld1": "hello"}},
    "unchanged": {"cellValuesByFieldId": {"fld2": 1}},
}
# The example of the documentation, with the changes of a second table and of fields and views.
DOCUMENTED = {
    "timestamp": "2022-02-01T21:25:05.663Z",
    "baseTransactionNumber": 4,
    "actionMetadata": {"source": "client", "sourceMetadata": {"user": {"id": "usr1"}}},
    "payloadFormat": "v0",
    "createdTablesById": {
        "tblNew": {
            "metadata": {"name": "new"},
            "fieldsById": {"fld1": {"name": "f", "type": "number"}},
            "recordsById": {"recNew": CREATED},
        }
    },
    "destroyedTableIds": ["tblGone"],
    "changedTablesById": {
        "tbl1": {
            "changedMetadata": {"current": {"name": "a"}, "previous": {"name": "b"}},
            "createdFieldsById": {"fld9": {"name": "n", "type": "number"}},
            "createdRecordsById": {"rec0": CREATED},
            "changedRecordsById": {
                "rec1": CHANGED,
                "rec2": {"current": {"cellValuesByFieldId": {"fld1": None}}},
            },
            "destroyedRecordIds": ["rec3", "rec4"],
        },
        "tbl2": {
            "destroyedRecordIds": ["rec5"],
            "changedViewsById": {
                "viw1": {
                    "createdRecordsById": {"rec6": CREATED},
                    "changedRecordsById": {"rec7": CHANGED},
                    "destroyedRecordIds": ["rec8"],
                }
            },
        },
    },
}


def rows(payload=DOCUMENTED):
    return list(records(payload, {"baseId": "app1", "payloadNumber": 12}))


def by_record():
    return {row["recordId"]: row for row in rows()}


def test_every_record_of_every_table_and_view_has_one_payload():
    found = [(row["tableId"], row["viewId"], row["recordId"], row["change"]) for row in rows()]
    assert found == [
        ("tblNew", None, "recNew", "created"),
        ("tbl1", None, "rec0", "created"),
        ("tbl1", None, "rec1", "changed"),
        ("tbl1", None, "rec2", "changed"),
        ("tbl1", None, "rec3", "destroyed"),
        ("tbl1", None, "rec4", "destroyed"),
        ("tbl2", None, "rec5", "destroyed"),
        ("tbl2", "viw1", "rec6", "created"),
        ("tbl2", "viw1", "rec7", "changed"),
        ("tbl2", "viw1", "rec8", "destroyed"),
    ]


def test_a_created_record_has_its_values():
    assert by_record()["rec0"] == {
        "baseId": "app1",
        "payloadNumber": 12,
        "timestamp": "2022-02-01T21:25:05.663Z",
        "baseTransactionNumber": 4,
        "source": "client",
        "tableId": "tbl1",
        "viewId": None,
        "recordId": "rec0",
        "change": "created",
        "createdTime": "2022-02-01T21:25:05.663Z",
        "fields": {"fld1": 0},
        "previous": None,
        "unchanged": None,
    }


def test_a_changed_record_has_what_changed_and_what_else_was_asked_for():
    row = by_record()["rec1"]
    assert row["fields"] == {"fld1": "hello world"}
    assert row["previous"] == {"fld1": "hello"}
    assert row["unchanged"] == {"fld2": 1}
    assert by_record()["rec2"]["fields"] == {"fld1": None}
    assert by_record()["rec2"]["previous"] is None


def test_a_destroyed_record_has_no_values():
    row = by_record()["rec3"]
    assert (row["fields"], row["previous"], row["unchanged"]) == ({}, None, None)


def test_all_payloads_have_the_same_keys():
    assert len({tuple(sorted(row)) for row in rows()}) == 1


def test_a_path_reads_a_field_of_any_record():
    path = jmespath.compile("not_null(fields.fld2, unchanged.fld2)")
    assert path.search(by_record()["rec1"]) == 1


def test_changes_of_fields_and_names_alone_are_no_records():
    least = {key: DOCUMENTED[key] for key in ("timestamp", "baseTransactionNumber")}
    changed = {"changedTablesById": {"tbl1": {"createdFieldsById": {"fld9": {"name": "n"}}}}}
    assert rows(least) == []
    assert rows(least | changed) == []
    assert rows(least | {"somethingNew": {"a": 1}}) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"timestamp": 7},
        {"timestamp": None},
        {"baseTransactionNumber": "4"},
        {"actionMetadata": "client"},
        {"changedTablesById": []},
        {"changedTablesById": {"tbl1": 7}},
        {"changedTablesById": {"tbl1": {"changedRecordsById": {"rec1": {}}}}},
        {"changedTablesById": {"tbl1": {"changedRecordsById": {"rec1": {"current": {}}}}}},
        {"changedTablesById": {"tbl1": {"createdRecordsById": {"rec1": {"createdTime": "x"}}}}},
        {"changedTablesById": {"tbl1": {"destroyedRecordIds": [7]}}},
        {"changedTablesById": {"tbl1": {"destroyedRecordIds": "rec1"}}},
        {"createdTablesById": {"tbl1": {"recordsById": []}}},
    ],
)
def test_a_part_of_another_shape_is_told(broken):
    with pytest.raises(PayloadInvalid, match=r"is missing|is not"):
        rows(DOCUMENTED | broken)

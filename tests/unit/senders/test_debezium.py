import pytest

from tests.support.signed_requests import event, events, paths
from workers.model.changes import LogPosition

SOURCE = {
    "connector": "postgresql",
    "name": "erp",
    "ts_ms": 1778578198500,
    "db": "erp",
    "schema": "public",
    "table": "stock",
    "txId": 90217,
    "lsn": 33227720,
}
CHANGE = {
    "before": {"sku": "A", "qty": 17},
    "after": {"sku": "A", "qty": 16},
    "source": SOURCE,
    "op": "u",
    "ts_ms": 1778578198700,
}
CLOUD = {
    "id": "name:erp;lsn:33227720;txId:90217",
    "source": "/debezium/postgresql/erp",
    "specversion": "1.0",
    "type": "io.debezium.connector.postgresql.DataChangeEvent",
    "iodebeziumop": "u",
    "iodebeziumconnector": "postgresql",
    "iodebeziumname": "erp",
    "iodebeziumtsms": "1778578198500",
    "iodebeziumdb": "erp",
    "iodebeziumschema": "public",
    "iodebeziumtable": "stock",
    "iodebeziumlsn": "33227720",
    "iodebeziumtxid": "90217",
    "data": {"before": {"sku": "A", "qty": 17}, "after": {"sku": "A", "qty": 16}},
}


def of(source, **change):
    return event("debezium", CHANGE | {"source": source} | change)


def mysql(file="binlog.000003", pos=484, row=0):
    names = {"connector": "mysql", "name": "erp", "db": "shop", "table": "stock"}
    return names | {"ts_ms": 1778578198500, "file": file, "pos": pos, "row": row}


@pytest.mark.parametrize(
    "payload",
    [CHANGE, [CHANGE], {"schema": {}, "payload": CHANGE}, CLOUD, [CLOUD]],
    ids=["plain", "batch", "with schema", "cloud event", "batch of cloud events"],
)
def test_whatever_wraps_a_change_it_is_the_same(payload):
    found = event("debezium", payload)
    plain = event("debezium", CHANGE)
    assert (found.id, found.topic, found.version) == (plain.id, plain.topic, plain.version)
    assert found.topic == "public.stock.u"
    assert found.payload["after"] == {"sku": "A", "qty": 16}
    assert found.problems == ()


def test_a_cloud_event_may_hold_a_schema_too():
    wrapped = CLOUD | {"data": {"schema": {}, "payload": CLOUD["data"]}}
    assert event("debezium", wrapped).payload["after"] == {"sku": "A", "qty": 16}


def test_the_position_in_the_log_orders_changes_of_postgresql():
    assert of(SOURCE).version == "s00000000000033227720"


def test_the_last_commit_comes_before_the_position_of_the_row_in_postgresql():
    def version(commit, lsn):
        return of(SOURCE | {"lsn": lsn, "sequence": f'["{commit}","{lsn}"]'}).version

    # The transaction that wrote first is the last to commit.
    steps = [version(100, 90), version(100, 95), version(200, 60), version(200, 150)]
    assert steps == sorted(set(steps))
    assert steps[0] == "s00000000000000000100p00000000000000000090"


@pytest.mark.parametrize("sequence", [None, '[null,"33227720"]', "[]"], ids=repr)
def test_without_a_commit_the_position_of_the_row_orders_it(sequence):
    assert of(SOURCE | {"sequence": sequence}).version == "s00000000000033227720"


def test_a_position_stands_in_the_log_of_its_server_at_its_time():
    found = of(SOURCE)
    assert found.log == LogPosition("erp", found.version, 1778578198500000, 2**22, overlaps=True)


def test_a_row_that_was_read_without_a_position_stands_where_the_one_that_is_held_does():
    read = SOURCE | {"snapshot": "incremental", "lsn": None, "txId": None}
    found = of(read, op="r", before=None)
    assert (found.version, found.placed, found.log, found.problems) == (None, "held", None, ())
    assert found.id is not None


@pytest.mark.parametrize("source", [SOURCE | {"lsn": None}, mysql(file="")], ids=["lsn", "file"])
def test_a_change_without_a_position_stands_where_the_one_that_is_held_does(source):
    found = of(source)
    assert (found.version, found.placed, found.log, found.problems) == (None, "held", None, ())


def test_what_is_left_out_of_the_log_is_absent():
    name = "__debezium_unavailable_value"
    coded = "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="
    row = {"sku": "A", "text": name, "bytes": coded, "list": [name], "map": {name: name}}
    numbers = {"numbers": list(name.encode()), "hex": name.encode().hex()}
    found = event("debezium", CHANGE | {"after": row | numbers, "before": row})
    assert found.payload["after"] == found.payload["before"] == {"sku": "A"}


def test_another_placeholder_may_be_set():
    change = CHANGE | {"after": {"sku": "A", "text": "-left out-", "qty": None}}
    found = event("debezium", change, placeholder="-left out-")
    assert found.payload["after"] == {"sku": "A", "qty": None}


MONGODB = {"connector": "mongodb", "name": "m", "db": "shop", "collection": "products"}


def mongodb(**names):
    return MONGODB | {"ts_ms": 1778578198000, "ord": 1} | names


def test_a_document_of_mongodb_is_read_and_keeps_its_extended_json():
    text = '{"_id": {"$oid": "65f0"}, "qty": 25, "price": {"$numberDecimal": "1.50"}}'
    found = event("debezium", CHANGE | {"source": mongodb(), "before": None, "after": text})
    document = {"_id": {"$oid": "65f0"}, "qty": 25, "price": {"$numberDecimal": "1.50"}}
    assert found.payload["after"] == document
    assert found.topic == "shop.products.u"


def test_what_an_update_of_mongodb_changed_is_read_too():
    update = {"removedFields": ["old"], "updatedFields": '{"qty": 3}', "truncatedArrays": None}
    change = CHANGE | {"source": mongodb(), "after": None, "updateDescription": update}
    found = event("debezium", change)
    assert found.payload["updateDescription"] == update | {"updatedFields": {"qty": 3}}


def test_a_text_that_is_no_document_stays_as_it_is():
    change = CHANGE | {"source": mongodb(), "after": "{half"}
    assert event("debezium", change).payload["after"] == "{half"


def test_changes_of_mongodb_in_one_second_are_ordered_by_their_place_in_it():
    first, second = of(mongodb(ord=2)), of(mongodb(ord=10))
    assert first.version < second.version
    assert first.id != second.id
    assert second.version < of(mongodb(ts_ms=1778578199000, ord=1)).version


def test_changes_of_sql_server_at_one_time_are_ordered_by_their_position():
    source = {"connector": "sqlserver", "name": "erp", "schema": "dbo", "table": "stock"}
    source |= {"ts_ms": 1778578198500}
    steps = [
        source | {"change_lsn": "0000002a:00000ac8:0003", "event_serial_no": 1},
        source | {"change_lsn": "0000002a:00000ac8:0003", "event_serial_no": 2},
        source | {"change_lsn": "0000002a:00000ac9:0001", "event_serial_no": 1},
        source | {"change_lsn": "0000002b:00000001:0001", "event_serial_no": 1},
    ]
    versions = [of(step).version for step in steps]
    assert versions == sorted(set(versions))


def test_file_position_and_row_order_changes_of_mysql():
    steps = [
        mysql(pos=484),
        mysql(pos=484, row=1),
        mysql(pos=485),
        mysql(pos=4_294_967_295),
        mysql(file="binlog.000004", pos=4),
        mysql(file="binlog.999999", pos=4),
    ]
    versions = [of(source).version for source in steps]
    assert versions == sorted(set(versions))


def test_other_databases_are_ordered_by_their_time():
    source = {"connector": "sqlserver", "name": "erp", "schema": "dbo", "table": "stock"}
    assert of(source | {"ts_ms": 1778578198500}).version == "t01778578198500000"


@pytest.mark.parametrize(
    "change",
    [{"source": SOURCE | {"lsn": 1}}, {"source": SOURCE | {"name": "b"}}, {"after": {"sku": "B"}}],
)
def test_another_position_database_or_row_is_another_event(change):
    assert event("debezium", CHANGE | change).id != event("debezium", CHANGE).id


def test_a_row_is_known_by_its_key_where_one_is_set():
    first = event("debezium", CHANGE, key="sku")
    assert first.id.endswith(" A")
    deleted = CHANGE | {"after": None, "op": "d"}
    assert event("debezium", deleted, key="sku").id == first.id


def test_a_change_without_its_source_does_not_spoil_the_others():
    good, bad, number = events("debezium", [CHANGE, {"op": "u"}, 7])
    assert good.problems == ()
    assert {"source", "source and op"} <= set(paths(bad))
    assert paths(number)


@pytest.mark.parametrize("lsn", ["soon", -1, 10**21, [1]], ids=repr)
def test_an_unreadable_position_is_a_problem_of_the_event(lsn):
    assert paths(of(SOURCE | {"lsn": lsn}))

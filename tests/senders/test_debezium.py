import pytest
from building import event, events, paths

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


@pytest.mark.parametrize("lsn", [None, "soon", -1, 10**21, [1]], ids=repr)
def test_an_unreadable_position_is_a_problem_of_the_event(lsn):
    assert paths(of(SOURCE | {"lsn": lsn}))

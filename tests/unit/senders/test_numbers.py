"""Numbers that are none, in whatever place a sender reads."""

import pytest

from service.senders import SENDERS
from tests.support.signed_requests import sender
from workers.errors import PayloadInvalid

NAMES = (
    "id",
    "type",
    "created_at",
    "updated_at",
    "timestamp",
    "lsn",
    "pos",
    "ts_ms",
    "server_time",
)
INSIDE = ("source", "meta", "data", "object", "payload", "record", "product", "after", "trigger")


def bodies(value):
    """Yield bodies with *value* under every name, and every object in every other."""
    inner = "{" + ",".join(f'"{name}": {value}' for name in NAMES) + "}"
    body = inner[:-1] + "".join(f',"{name}": {inner}' for name in INSIDE) + "}"
    yield from (
        body.encode(),
        f"[{body}]".encode(),
        f'{{"ids": [{value}], "token": {value}}}'.encode(),
    )


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5_000])
@pytest.mark.parametrize("name", sorted(SENDERS))
def test_a_number_that_is_none_is_a_problem_of_the_event_at_most(name, value):
    for body in bodies(value):
        try:
            found = list(sender(name).events({}, body))
        except PayloadInvalid as error:
            assert "the body is not JSON" not in str(error)  # noqa: PT017
        else:
            assert all(event.id is None or value[-3:] not in event.id for event in found)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "9" * 5_000])
@pytest.mark.parametrize("connector", ["postgresql", "mysql", "oracle", "sqlserver"])
def test_a_position_of_debezium_that_is_none_is_a_problem_of_its_change(connector, value):
    names = ("lsn", "pos", "row", "scn", "ts_ms", "ts_us", "txId")
    numbers = "".join(f', "{name}": {value}' for name in names)
    where = f'"connector": "{connector}", "name": "e", "schema": "s", "table": "t", "file": "b.7"'
    bad = f'{{"op": "u", "after": {{"sku": "A"}}, "source": {{{where}{numbers}}}}}'
    good = f'{{"op": "u", "after": {{"sku": "B"}}, "source": {{{where}, "pos": 7, "lsn": 7, '
    good += '"scn": 7, "ts_ms": 1778578198500}}'
    first, second = sender("debezium").events({}, f"[{bad}, {good}]".encode())
    assert first.version is None
    assert (second.topic, second.problems) == ("s.t.u", ())
    assert second.version is not None


@pytest.mark.parametrize("value", ["NaN", "1e999"])
def test_a_row_of_debezium_with_such_a_number_is_told_apart_by_all_of_it(value):
    source = (
        '{"connector": "postgresql", "name": "erp", "schema": "public", "table": "t", "lsn": 7}'
    )
    bodies = (
        f'{{"op": "u", "after": {{"sku": "A", "weight": {value}, "n": {n}}}, "source": {source}}}'
        for n in (1, 2, 2)
    )
    events = [event for each in bodies for event in sender("debezium").events({}, each.encode())]
    assert [event.problems for event in events] == [(), (), ()]
    assert len({event.id for event in events}) == 2

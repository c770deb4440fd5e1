"""Which secret matched is counted with the delivery, by secret and not by place."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from workers.config.settings import Settings, Source, StoreSettings
from workers.model.changes import Delivery
from workers.store.outbox import Outbox
from workers.store.scripts import Steps
from workers.store.status import Report

END = datetime(2027, 1, 31, tzinfo=UTC)


@pytest.fixture
def steps(store):
    return Steps(store)


def settings(*secrets, ends=()):
    source = Source("erp", "bearer", secrets, ends=ends)
    return Settings("instep.toml", StoreSettings(), {}, {}, {"erp": source})


def deliver(steps, made, place, **changes):
    mark = made.sources["erp"].marks[place]
    delivery = Delivery("erp", uuid.uuid4().hex, (), secret=mark)
    Outbox(steps, made).accept(replace(delivery, **changes))


def matched(steps, made):
    found = Report(steps, made).status()["sources"]["erp"]["secrets"]
    return [secret["matched"] for secret in found]


def test_each_secret_has_a_count(steps):
    made = settings("new", "old")
    for place in (0, 1, 0):
        deliver(steps, made, place)
    assert matched(steps, made) == [2, 1]


def test_a_secret_keeps_its_count_when_another_is_put_before_it(steps):
    deliver(steps, settings("old"), 0)
    assert matched(steps, settings("new", "old")) == [0, 1]


def test_a_repeat_of_the_call_is_counted_once(steps):
    made = settings("new")
    for _ in range(2):
        deliver(steps, made, 0, token="same")
    assert matched(steps, made) == [1]


def test_the_end_of_a_secret_is_told(steps):
    made = settings("new", "old", ends=(None, END))
    found = Report(steps, made).status()["sources"]["erp"]["secrets"]
    assert [secret["until"] for secret in found] == [None, "2027-01-31T00:00:00+00:00"]


def test_no_secret_and_no_part_of_one_is_stored(steps):
    deliver(steps, settings("s3cret-of-the-shop"), 0)
    assert all("s3cret" not in text for text in steps.client.hgetall("instep:source:erp"))

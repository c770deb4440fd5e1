"""What people change by hand stands in the log of the process that sweeps."""

import logging

import pytest
import redis

from workers.runtime.audit_log import EVERY, AuditLog
from workers.store.audit import Audit
from workers.store.scripts import Steps


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def steps(store_socket):
    with redis.Redis(unix_socket_path=store_socket, decode_responses=True) as client:
        client.flushdb()
        yield Steps(client)


@pytest.fixture
def told(steps, caplog):
    """Looks a second later; returns the lines as dicts."""
    clock = Clock()
    log = AuditLog(steps, clock)
    caplog.set_level(logging.INFO, "workers")
    log.look()

    def lines():
        clock.now += EVERY
        log.look()
        found = [vars(record) for record in caplog.records]
        caplog.clear()
        return found

    return lines


def test_a_pause_by_hand_is_one_warning_that_says_who_and_why(steps, told):
    Audit(steps).record("cli:ann@host", "pause", "products", reason="moving")
    (line,) = told()
    assert (line["levelno"], line["message"]) == (logging.WARNING, "paused by hand")
    assert (line["by"], line["target"], line["reason"]) == ("cli:ann@host", "products", "moving")
    assert line["do"] == "instep resume products"
    assert told() == []


def test_any_other_change_is_a_line_with_its_figures(steps, told):
    Audit(steps).record("client-a", "replay", "problem 5", letters=60, name="x")
    (line,) = told()
    assert (line["levelno"], line["message"]) == (logging.INFO, "changed by hand")
    assert (line["action"], line["figures"]) == ("replay", {"letters": 60, "name": "x"})


def test_what_another_process_has_told_is_not_told_again(steps, told, caplog):
    Audit(steps).record("client-a", "resume", "site")
    assert len(told()) == 1
    Audit(steps).record("client-a", "pause", "site")
    AuditLog(steps).look()
    assert [record.message for record in caplog.records] == ["paused by hand"]


def test_the_first_look_tells_what_was_changed_just_before_it_and_nothing_older(steps, caplog):
    caplog.set_level(logging.INFO, "workers")
    old = f"{int(steps.client.time()[0]) - 120}000-0"
    entry = {"by": "ann", "action": "resume", "target": "site", "figures": "{}"}
    steps.client.xadd("instep:audit", entry, id=old)
    Audit(steps).record("client-a", "pause", "site")
    AuditLog(steps).look()
    assert [record.by for record in caplog.records] == ["client-a"]


def test_more_than_one_look_takes_are_told_by_the_next(steps, told):
    for n in range(150):
        Audit(steps).record("client-a", "resume", f"site-{n}")
    assert [len(told()), len(told()), len(told())] == [100, 50, 0]


def test_a_pause_says_until_when_and_its_end_is_told(steps, told):
    audit = Audit(steps)
    audit.record("ann", "pause", "source:erp", reason="moving", until="2026-05-12T09:30:00Z")
    audit.record("instep", "resume", "source:erp", reason="its time is over")
    begun, ended = told()
    assert begun["until"] == "2026-05-12T09:30:00Z"
    assert (ended["levelno"], ended["message"]) == (logging.INFO, "pause over")
    assert ended["target"] == "source:erp"

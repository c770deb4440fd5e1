"""``instep sync --once`` as cron has it: its folder may be lost, and it may be killed."""

import os
import shutil
import signal
import threading

import pytest

from tests.support.paged_api import product
from tests.support.pulled_site import PulledSite

ROUND = ("sync", "--once", "--for", "60s")


@pytest.fixture(scope="module")
def site():
    site = PulledSite(40)
    yield site
    site.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, site):
    return site.installed(tmp_path_factory.mktemp("sync"))


def change(site, number):
    """At the source: a new value, a new record, and one that goes; by an editor: another value."""
    site.change(number, qty=1000 + number)
    site.api.records.append(product(500 + number))
    del site.api.records[number + 4]
    site.planted._edit(number + 9, stock=1)


def test_rounds_without_the_folder_of_the_one_before_and_after_a_kill(site, instep):
    change(site, 1)
    code, said, wrong = instep.alone(*ROUND)
    assert code == 0, said + wrong
    assert said.endswith("Nothing is left\n")
    assert site.shown == site.wanted
    shutil.rmtree(instep.folder / "data")
    change(site, 2)
    kill_one(site, instep)
    site.api.calls = 0
    code, said, wrong = instep.alone(*ROUND)
    assert code == 0, said + wrong
    assert site.shown == site.wanted
    assert site.api.calls == 2 * site.api.planned()  # once more, before something is retired


def kill_one(site, instep):
    """Kill a round in its second reading, with the collection locked and a request on its way."""
    arrived, goes_on = threading.Event(), threading.Event()
    site.api.calls = 0

    def each(call):
        if call == site.api.planned() + 2:
            arrived.set()
            goes_on.wait(20)

    site.api.each = each
    process = instep.start(ROUND, instep.folder / "log")
    assert arrived.wait(30)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    goes_on.set()
    site.api.each = lambda _: None

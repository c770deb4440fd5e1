"""A few deletes that go out after their delay, and a mass that does not, through real processes."""

import time

import pytest

from service.sandbox.seeds.samples import PRODUCTS
from tests.e2e.test_promise_retire import MAPPINGS
from tests.support.delivery_cms import Cms
from tests.support.real_processes import CONFIGURATION, SECRET, Instep, Line, eventually, signed

NUMBER = 12
GUARD = """
[collections.products.guard]
at_most = 3
percent = 0
delay = 2
"""


@pytest.fixture
def cms():
    cms = Cms(NUMBER, 600, time.time)
    yield cms
    cms.close()


@pytest.fixture
def instep(tmp_path, cms):
    text = CONFIGURATION.format(
        api="v2", url=cms.server.url, more="", collection=PRODUCTS, secret=SECRET
    ).replace('key = "sku"', f'key = "sku"\n{GUARD}')
    cms.url, text = cms.server.url, text.replace("minute = 60", "minute = 600")
    instep = Instep(tmp_path, cms, mappings=MAPPINGS, configuration=text)
    instep.token = "t"
    yield instep
    instep.close()


def test_few_go_out_after_their_delay_and_of_a_mass_none(cms, instep):
    instep.up()
    line = Line(instep.address)
    now = int(time.time() * 1000)

    def send(kind, n, second):
        data = {"sku": cms.key(n), "name": f"Desk {n}", "qty": n}
        event = {"id": f"{kind}-{second}-{n}", "type": kind, "at": now + 1000 * second - 100_000}
        assert line.ask(signed(event | {"data": data})) == 200

    def archived():
        return [n for n in range(1, NUMBER + 1) if cms.the(cms.key(n)).staged.archived]

    for n in range(1, NUMBER + 1):
        send("changed", n, 10)
    instep.settled()
    for n in (1, 2):
        send("retired", n, 50)
    eventually(lambda: archived() == [1, 2], within=60, pause=0.3, told=instep.log)
    for n in range(3, NUMBER + 1):
        send("retired", n, 50)
        send("changed", n, 40)
    eventually(lambda: instep.status()["held_deletes"] == NUMBER - 2, within=30, told=instep.log)
    time.sleep(5)  # longer than the delay
    assert archived() == [1, 2]
    send("changed", 3, 60)  # it is back
    eventually(lambda: instep.status()["held_deletes"] == NUMBER - 3, within=30, told=instep.log)
    line.close()
    status = instep.status()
    assert status["balanced"]
    assert status["fields"]["pending"] >= NUMBER - 3

"""``instep reload``: another configuration while deliveries come, and what it refuses."""

import os
import signal

import pytest

from tests.support.depth import FULL, depth
from tests.support.real_processes import BY_ITEM, Instep, Load, eventually, say, signed
from tests.support.reload_rig import ITEMS, event, play
from tests.support.standin import StandIn, item_id
from workers.store import keys

RELOADS, RATE, PROCESSES = depth((1, 60, 1), (4, 200, 2))
LAST = 10_000  # events of the tests after the load have higher numbers
LATER = BY_ITEM.replace('data_key="data.title"', 'data_key="data.name"')


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(ITEMS, limit=10_000)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def standing(tmp_path_factory, cms):
    """One for all tests; the last ones change it."""
    folder = tmp_path_factory.mktemp("reload")
    instep = Instep(folder, cms, more="linger = 0.2", processes=PROCESSES)
    instep.up()
    listed(instep)
    yield instep
    instep.close()


def listed(instep):
    """Wait until it is listed which of its processes run now: a heartbeat may be from before."""
    client = instep.store()
    for _ in range(2):
        before = client.hgetall(keys.PROCESSES)
        eventually(lambda held=before: client.hgetall(keys.PROCESSES) != held, within=20)


WRONG = {
    "the file": (
        "[sources.erp]",
        "[sources.erp]\nsize = 1",
        "sources.erp.size: found a key that hmac does not have",
    ),
    "the token": ("${WEBFLOW_TOKEN}", "not-the-token", "destinations.site.token: found status 401"),
}
if FULL:  # `tests/unit/run/test_prepare.py` has these as well
    WRONG |= {
        "a mapping": ("mappings.py", "elsewhere.py", "elsewhere.py"),
        "durability": (
            "[collections",
            '[store]\ndurability = "everysec"\n[collections',
            "store.durability: found 'everysec', expected 'always', as what is running has it",
        ),
    }


@pytest.fixture
def unchanged(standing):
    """The same; its configuration is put back, and its processes must be the same at the end."""
    files = {path: path.read_text() for path in standing.folder.iterdir() if path.suffix != ""}
    before = standing.pids()
    yield standing
    for path, text in files.items():
        path.write_text(text)
    eventually(lambda: standing.pids() == before, within=20, told=standing.pids)
    Load(standing, [signed(event(-7, 7))]).join()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_configuration_is_told_and_nothing_replaced(unchanged, name):
    found, wrong, told = WRONG[name]
    toml = unchanged.folder / "instep.toml"
    toml.write_text(toml.read_text().replace(found, wrong, 1))
    code, _, errors = unchanged.command("reload")
    assert code == 2
    assert told in errors
    assert "nothing was replaced, the old processes go on" in errors


def test_a_process_that_does_not_come_up_is_told_and_the_old_ones_go_on(unchanged):
    (unchanged.folder / "mappings.py").write_text(
        f"import sys\n{BY_ITEM}\n"
        'if "prepare" not in sys.argv[0]:\n'  # not where a reload checks it
        '    raise OSError("no such table")\n'
    )
    code, _, errors = unchanged.command("reload")
    assert code == 1, errors
    assert "web: a new process" in errors
    assert "no such table" in errors


def test_a_second_up_names_the_first(standing):
    code, _, errors = standing.alone("up", "--bind", "127.0.0.1:0")
    assert code == 2
    assert f"instep up, process {standing.started[0].pid}, which runs here" in errors
    port = standing.address[1]
    code, _, errors = standing.alone("web", "--bind", f"127.0.0.1:{port}")
    assert code == 2
    assert f"in use by instep up, process {standing.started[0].pid}" in errors


def test_where_nothing_runs_a_reload_says_so(cms, tmp_path):
    code, _, errors = Instep(tmp_path, cms).command("reload")
    assert code == 1
    assert "Nothing of Instep runs in" in errors


def with_secret(instep, secret):
    """Have the secret of the source come from .env."""
    toml = instep.folder / "instep.toml"
    toml.write_text(toml.read_text().replace('secrets = ["erp-secret"]', 'secrets = ["${ERP}"]'))
    (instep.folder / ".env").write_text(f"ERP={secret}\n")


def test_reloads_under_load_refuse_lose_and_double_nothing(cms, standing):
    standing.settled()
    with_secret(standing, "erp-secret")  # the same; a variable is new in .env
    was, before = standing.status(), standing.pids()
    found = play(standing, cms, RELOADS, rate=RATE)
    say("p99 {:.3f} s, while reloaded {:.3f} s".format(*found.p99))
    status = found.status
    erp, erp_was = (each["sources"]["erp"] for each in (status, was))
    assert found.others == {}
    assert erp["deliveries"] - erp_was["deliveries"] == found.deliveries
    assert erp["duplicates"] == erp_was["duplicates"]
    accepted = status["fields"]["accepted"] - was["fields"]["accepted"]
    assert (accepted, status["dead_letters"]) == (2 * found.deliveries, 0)
    assert found.wrong == {}
    after = standing.pids()
    assert after["supervisor"] == before["supervisor"]
    assert after["store"] == before["store"]
    assert not (after["web"] & before["web"])
    assert not (after["worker"] & before["worker"])


def test_a_reload_by_its_signal_gives_another_configuration_and_a_request_its_time(cms, standing):
    """A variable of .env changes, which has changed once in the test before."""
    calls, reloaded = len(cms.calls("PATCH")), standing.log().count('"reloaded"')

    def slow(request):
        if request.method == "PATCH":
            cms.stopping.wait(8.0)

    cms.fault = slow
    assert standing.command("pause", "site")[0] == 0  # until all can go in one request
    Load(standing, [signed(event(LAST + n, n)) for n in range(20)]).join()
    assert standing.command("resume", "site")[0] == 0
    eventually(lambda: cms.calls("PATCH")[calls:])
    (standing.folder / "mappings.py").write_text(LATER)
    with_secret(standing, "another-secret")
    os.kill(*standing.pids()["supervisor"], signal.SIGHUP)
    eventually(lambda: standing.log().count('"reloaded"') > reloaded, within=60, told=standing.log)
    cms.fault = lambda _: None
    standing.settled()
    assert "before Instep was stopped" not in standing.log()
    assert len(cms.calls("PATCH")) == calls + 1
    named = signed(event(LAST + 20, 1, name="A name"), secret="another-secret")
    Load(standing, [named]).join()
    standing.settled()
    assert cms.live[item_id(1)]["title"] == "A name"

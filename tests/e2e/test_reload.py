"""``instep reload``: another configuration while deliveries come, and what it refuses."""

import os
import signal

import pytest

from tests.support.depth import depth
from tests.support.real_processes import BY_ITEM, Instep, Load, eventually, say, signed
from tests.support.reload_rig import ITEMS, event, play, reload
from tests.support.standin import StandIn, item_id

RELOADS = depth(2, 4)
LATER = BY_ITEM.replace('data_key="data.title"', 'data_key="data.name"')


@pytest.fixture
def cms():
    cms = StandIn(ITEMS, limit=10_000)
    yield cms
    cms.close()


@pytest.fixture
def instep(tmp_path, cms):
    instep = Instep(tmp_path, cms, more="linger = 0.2")
    yield instep
    instep.close()


def test_reloads_under_load_refuse_lose_and_double_nothing(cms, instep):
    instep.up()
    before = instep.pids()
    found = play(instep, cms, RELOADS)
    say("p99 {:.3f} s, while reloaded {:.3f} s".format(*found.p99))
    erp, fields = found.status["sources"]["erp"], found.status["fields"]
    assert found.others == {}
    assert (erp["deliveries"], erp["duplicates"]) == (found.deliveries, 0)
    assert (fields["accepted"], found.status["dead_letters"]) == (2 * found.deliveries, 0)
    assert found.wrong == {}
    after = instep.pids()
    assert after["supervisor"] == before["supervisor"]
    assert after["store"] == before["store"]
    assert not (after["web"] & before["web"])
    assert not (after["worker"] & before["worker"])


def test_the_new_processes_have_the_new_configuration(cms, instep):
    instep.up()
    (instep.folder / "mappings.py").write_text(LATER)
    toml = instep.folder / "instep.toml"
    toml.write_text(toml.read_text().replace('secrets = ["erp-secret"]', 'secrets = ["${ERP}"]'))
    (instep.folder / ".env").write_text("ERP=another-secret\n")
    reload(instep)
    Load(instep, [signed(event(1, 1, name="A name"), secret="another-secret")]).join()
    instep.settled()
    assert cms.live[item_id(1)]["title"] == "A name"
    # A variable of .env that has changed once may change again.
    (instep.folder / ".env").write_text("ERP=a-third-secret\n")
    os.kill(*instep.pids()["supervisor"], signal.SIGHUP)
    eventually(lambda: instep.log().count('"reloaded"') == 2, within=60)
    Load(instep, [signed(event(2, 2, name="B"), secret="a-third-secret")]).join()
    instep.settled()
    assert cms.live[item_id(2)]["title"] == "B"


WRONG = {
    "the file": (
        "[sources.erp]",
        "[sources.erp]\nsize = 1",
        "sources.erp.size: found a key that hmac does not have",
    ),
    "a mapping": ("mappings.py", "elsewhere.py", "elsewhere.py"),
    "the token": ("${WEBFLOW_TOKEN}", "not-the-token", "destinations.site.token: found status 401"),
    "durability": (
        "[collections",
        '[store]\ndurability = "everysec"\n[collections',
        "store.durability: found 'everysec', expected 'always', as what is running has it",
    ),
}


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """One that no reload of these tests changes."""
    cms = StandIn(ITEMS, limit=10_000)
    instep = Instep(tmp_path_factory.mktemp("reload"), cms)
    instep.up()
    yield instep
    instep.close()
    cms.close()


@pytest.fixture
def unchanged(standing):
    """The same; its configuration is put back, and its processes must be the same at the end."""
    files = {path: path.read_text() for path in standing.folder.iterdir() if path.suffix != ""}
    before = standing.pids()
    yield standing
    for path, text in files.items():
        path.write_text(text)
    eventually(lambda: standing.pids() == before, within=20, told=standing.pids)
    Load(standing, [signed(event(7, 7))]).join()


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
        f"import multiprocessing\n{BY_ITEM}\n"
        'if multiprocessing.current_process().name != "MainProcess":\n'
        '    raise OSError("no such table")\n'
    )
    code, _, errors = unchanged.command("reload")
    assert code == 1, errors
    assert "web: a new process" in errors
    assert "no such table" in errors


def test_a_second_up_names_the_first(standing):
    code, _, errors = standing.command("up", "--bind", "127.0.0.1:0")
    assert code == 2
    assert f"instep up, process {standing.started[0].pid}, which runs here" in errors
    port = standing.address[1]
    code, _, errors = standing.command("web", "--bind", f"127.0.0.1:{port}")
    assert code == 2
    assert f"in use by instep up, process {standing.started[0].pid}" in errors


def test_where_nothing_runs_a_reload_says_so(instep):
    code, _, errors = instep.command("reload")
    assert code == 1
    assert "Nothing of Instep runs in" in errors

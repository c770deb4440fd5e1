"""Files of the embedded store that are damaged, or older than they were: real servers."""

import json
import os
import shutil

import pytest
from click.testing import CliRunner

from service.cli import main
from workers.config.settings import StoreSettings
from workers.embedded import repair
from workers.embedded.layout import Place
from workers.errors import StoreDamaged
from workers.runtime.embedded_store import kept
from workers.store import connection
from workers.store.losses import Losses
from workers.store.scripts import Steps

STEP = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('INCR', 'instep:arrival')"
TOML = """
[destinations.site]
token = "t0ken"
base_url = "http://127.0.0.1:9"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
"""


@pytest.fixture
def settings(tmp_path):
    return StoreSettings(data=tmp_path / "data")


@pytest.fixture
def client(settings):
    client = connection.connect(settings)
    yield client
    client.close()


def write(settings, number=20):
    """Start, carry out so many steps, and stop."""
    with kept(settings):
        client = connection.connect(settings)
        for n in range(number):
            client.eval(STEP, 1, f"key{n}", "value")
        client.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A directory that holds twenty steps."""
    data = tmp_path_factory.mktemp("written")
    write(StoreSettings(data=data))
    return data


@pytest.fixture
def log(settings, written):
    """The file that holds them, in a copy of that directory."""
    shutil.copytree(written, settings.data)
    return next((settings.data / "store" / "appendonlydir").glob("*.incr.aof"))


def inside(text):
    """Return what a machine that went down within the last step may have left."""
    return text[: text.rindex(b"$4\r\nEXEC") - 20]


def losses(client):
    return Losses(Steps(client)).open(["products"])


@pytest.mark.parametrize(
    ("damage", "left"),
    [
        pytest.param(lambda text: text + bytes(4096), 20, id="zeros"),
        pytest.param(lambda text: text + b"\xde\xad\xbe\xef" * 99, 20, id="garbage"),
        pytest.param(inside, 19, id="cut inside of a step"),
        pytest.param(lambda text: inside(text) + bytes(40), 19, id="zeros inside of a step"),
    ],
)
def test_a_damaged_end_is_copied_cut_off_and_told(settings, client, log, damage, left):
    damaged = damage(log.read_bytes())
    log.write_bytes(damaged)
    with kept(settings):
        assert client.get(f"key{left - 1}") == "value"
        assert client.get("instep:arrival") == str(left)
        (loss,) = (loss for loss in losses(client) if loss["kind"] == "cut")
    assert damaged[: -loss["bytes"]].endswith((b"$4\r\nEXEC\r\n", b"witness\r\n$1\r\n1\r\n"))
    (copy,) = (settings.data / "damaged").iterdir()
    assert (loss["copy"], copy.read_bytes()) == (str(copy), damaged)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text[:300] + bytes(512) + text[300:], id="zeros"),
        pytest.param(lambda text: text[:300] + text[400:], id="a hole"),
    ],
)
def test_damage_in_the_middle_is_refused_and_nothing_is_changed(settings, log, damage):
    damaged = damage(log.read_bytes())
    log.write_bytes(damaged)
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=r"at byte \d+.*backup.*reconcile"), kept(settings):
            pass
    assert log.read_bytes() == damaged
    assert not (settings.data / "damaged").exists()


@pytest.mark.parametrize("pattern", ["*.incr.aof", "*.base.rdb", "*.manifest"])
def test_a_file_that_is_missing_is_refused(settings, log, pattern):
    next(log.parent.glob(pattern)).unlink()
    before = sorted(log.parent.iterdir())
    with pytest.raises(StoreDamaged, match=r"no such file.*backup"), kept(settings):
        pass
    assert sorted(log.parent.iterdir()) == before


@pytest.mark.parametrize("size", [0, 40])
def test_a_base_that_is_cut_off_is_refused(settings, log, size):
    os.truncate(next(log.parent.glob("*.base.rdb")), size)
    with pytest.raises(StoreDamaged, match=r"base\.rdb.*backup"), kept(settings):
        pass


def test_a_repair_that_is_killed_before_it_cuts_is_done_again(settings, client, log, monkeypatch):
    log.write_bytes(inside(log.read_bytes()))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(repair.json, "dumps", killed)
        with pytest.raises(KeyboardInterrupt):
            repair.mend(Place.of(settings.data))
    with kept(settings):
        assert client.get("instep:arrival") == "19"
        assert "cut" in {loss["kind"] for loss in losses(client)}


def test_no_more_than_three_copies_are_kept(settings, log):
    place = Place.of(settings.data)
    text = log.read_bytes()
    for number in range(5):
        log.write_bytes(text + bytes(number + 1))
        repair.mend(place)
    assert len(list((settings.data / "damaged").iterdir())) == repair.COPIES


@pytest.mark.parametrize("whole", [True, False], ids=["INSTEP_DATA", "the store alone"])
def test_an_older_backup_that_is_put_back_is_noticed(settings, client, tmp_path, whole):
    write(settings)
    data = settings.data if whole else settings.data / "store"
    shutil.copytree(data, tmp_path / "backup")
    write(settings, 1)
    shutil.rmtree(data)
    (tmp_path / "backup").rename(data)
    with kept(settings):
        assert client.get("instep:arrival") == "20"
        (loss,) = losses(client)
    assert loss["kind"] == ("copied" if whole else "older")
    assert "missing" in loss["message"]


def test_check_and_status_tell_a_loss_until_a_run_has_proven_it(settings, client, log, tmp_path):
    log.write_bytes(log.read_bytes() + bytes(4096))
    path = tmp_path / "instep.toml"
    path.write_text(TOML)
    environ = {"INSTEP_CONFIG": str(path), "INSTEP_DATA": str(settings.data)}

    def run(*words):
        return CliRunner().invoke(main, words, env=environ)

    with kept(settings):
        told = run("status")
        assert told.exit_code == 1
        assert "4096 bytes" in told.stdout
        asked = run("status", "--json")
        assert asked.exit_code == 1
        assert json.loads(asked.stdout)["losses"][0]["bytes"] == 4096
        found = json.loads(run("check", "--json").stdout)
        assert any("4096 bytes" in problem["found"] for problem in found["problems"])
        held = Losses(Steps(client))
        held.proven("products", held.number(), ["products"])
        assert run("status").exit_code == 0
        assert json.loads(run("status", "--json").stdout)["losses"] == []

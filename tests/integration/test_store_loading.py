"""A store that has begun and loads its data: who waits, who does not, and what is told."""

import logging
import os
import secrets
import signal
from dataclasses import replace

import pytest
import redis

from service.ingest.spool_parts import SpoolParts
from tests.integration.test_embedded_keeper import eventually
from tests.support.application import Outbox, make
from workers.config.settings import StoreSettings
from workers.embedded import layout
from workers.embedded.loading import progress_of
from workers.errors import StoreLoading, StoreUnavailable
from workers.runtime import embedded_store
from workers.runtime.embedded_store import Keeper, kept
from workers.store import connection, durability

KEYS = 300
SLOW = "key-load-delay 5000\nloading-process-events-interval-bytes 2048\n"  # µs a key: 1.5 s in all


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A store that holds some keys, and takes its time to load them."""
    settings = StoreSettings(data=tmp_path / "data")
    with kept(settings):
        client = connection.connect(settings)
        client.mset({f"key-{n}": secrets.token_hex(2000) for n in range(KEYS)})
        client.config_set("auto-aof-rewrite-percentage", 0)
        client.execute_command("BGREWRITEAOF")
        eventually(lambda: not client.info("persistence")["aof_rewrite_in_progress"])
        client.close()
    monkeypatch.setattr(layout, "_CONFIGURATION", layout._CONFIGURATION + SLOW)
    monkeypatch.setattr(embedded_store, "_TELL", 0.1)
    return settings


@pytest.fixture
def loading(settings):
    """The keeper of a store that still loads."""
    keeper = Keeper(settings, patient=False)
    keeper.start()
    yield keeper
    keeper.stop()


@pytest.fixture
def client(settings):
    client = connection.connect(settings, retries=0)
    yield client
    client.close()
    client.connection_pool.disconnect()


def loaded(client):
    eventually(lambda: client.dbsize() >= KEYS, within=20)


@pytest.mark.usefixtures("loading")
def test_the_start_of_a_service_does_not_wait_and_the_check_says_how_far_it_is(client):
    with pytest.raises(StoreLoading, match=r"loads its data: \d+ % of [\d,]+ MB"):
        durability.look(client)
    loaded(client)
    assert durability.look(client).config["appendonly"] == "yes"


def test_the_progress_is_logged_while_a_command_that_needs_the_store_waits(
    settings, client, caplog
):
    with caplog.at_level(logging.WARNING), kept(settings):
        assert client.dbsize() >= KEYS
    (first, *_) = [r for r in caplog.records if r.getMessage() == "store loads its data"]
    assert "%" in first.progress


class Slow:
    """A server that begins, loads its data, and answers."""

    said = iter(["", "", "loads", "loads", "answers"])
    loads = False

    def running(self):
        return True

    def answers(self):
        found = next(self.said)
        self.loads = found == "loads"
        return found == "answers"


def test_it_is_asked_less_often_while_it_loads(tmp_path, monkeypatch):
    keeper, waits = Keeper(StoreSettings(data=tmp_path)), []
    monkeypatch.setattr(keeper._stop, "wait", waits.append)
    monkeypatch.setattr(keeper, "_tell_losses", lambda: None)
    assert keeper._wait_for(Slow())
    assert waits == [0.01, 0.01, 0.01, 0.1, 0.1]


def test_it_is_started_anew_if_it_is_killed_meanwhile(loading, client):
    os.kill(loading.pid, signal.SIGKILL)
    loaded(client)


@pytest.mark.usefixtures("loading")
def test_another_service_of_the_folder_does_not_wait_either(settings, client):
    other = Keeper(settings, patient=False)
    other.start()
    with pytest.raises(redis.RedisError):
        client.ping()
    other.stop()


@pytest.mark.usefixtures("loading")
def test_web_processes_tell_it_at_healthz(settings, client, tmp_path):
    app = make(tmp_path, Outbox(), spool=SpoolParts(settings, client))
    assert "loads its data" in app.get("/healthz").json["store"]
    loaded(client)
    eventually(lambda: app.get("/healthz").json == {"alive": True})


def test_a_store_that_hangs_holds_up_no_answer_of_healthz(settings, tmp_path):
    """Without a spool it is asked with patience, and who watches processes has none."""

    class Hanging:
        def __getattr__(self, name):
            raise AssertionError(name)

    parts = SpoolParts(replace(settings, spool_mb=0), Hanging())
    app = make(tmp_path, Outbox(), spool=parts)
    assert app.get("/healthz").json == {"alive": True}


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (
            {
                "loading": 1,
                "loading_loaded_perc": "43.21",
                "loading_total_bytes": 1_330_661_200,
                "loading_eta_seconds": 12,
            },
            "43 % of 1,331 MB, some 12 s left",
        ),
        ({"loading": 1, "loading_total_bytes": 2_000_000}, "0 % of 2 MB"),
        ({"loading": 0}, "nearly all of it"),
    ],
)
def test_the_words(info, words):
    assert progress_of(info) == words


def test_it_counts_as_a_store_that_is_away():
    assert issubclass(StoreLoading, StoreUnavailable)

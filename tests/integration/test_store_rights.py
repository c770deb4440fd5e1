"""A store that refuses its user: named with what is missing, and told once."""

import logging
import re
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from service.config.logging_setup import Once
from service.operate import check_store
from service.operate.check_findings import Findings
from tests.support.life_rig import Planted
from workers.config.settings import Settings, StoreSettings
from workers.errors import StoreForbidden, StoreUnavailable
from workers.runtime import jobs
from workers.runtime.rq_worker import Worker
from workers.runtime.wakeups import DELIVER, WakeQueue
from workers.store import commands
from workers.store.commands import unanswered
from workers.store.complaint import AGAIN, Complaint
from workers.store.connection import guarded
from workers.store.rights import RULE, refusal
from workers.store.scripts import Steps

NAME = "limited"


@pytest.fixture
def limited(store, store_socket):
    """Makes a client of a user with some rights."""
    clients = []

    def make(*rule, password="p4ss"):  # noqa: S107
        store.acl_setuser(NAME, enabled=True, passwords=["+p4ss"], reset=True)
        store.execute_command("ACL", "SETUSER", NAME, *rule)
        client = redis.Redis(
            unix_socket_path=store_socket,
            username=NAME,
            password=password,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
    store.acl_deluser(NAME)


@pytest.mark.parametrize(
    ("rule", "command", "named"),
    [
        pytest.param(("~*", "+@all", "-info"), ("INFO",), "'info'", id="a command"),
        pytest.param(("~other:*", "+@all"), ("GET", "instep:counts"), "key", id="a key"),
    ],
)
def test_a_right_that_is_missing_is_named_with_what_to_do(limited, rule, command, named):
    client = limited(*rule)
    with pytest.raises(StoreForbidden, match=f"{named}.*ACL SETUSER"), guarded():
        client.execute_command(*command)


def test_a_right_that_is_missing_within_a_step_is_named(limited):
    client = limited("~*", "&*", "+@all", "-hset")
    with pytest.raises(StoreForbidden, match=r"'hset'.*ACL SETUSER"):
        Steps(client).run("loss", {"id": "x", "kind": "older"})


def test_the_same_right_is_named_alike_whatever_was_tried():
    said = "Command # {} (HSET rq:worker:{} birth x) of pipeline caused error: User a has no {}"
    missing = "permissions to run the 'hset' command"
    errors = [redis.ResponseError(said.format(n, "f" * n, missing)) for n in (2, 3)]
    first, second = (refusal(redis.exceptions.NoPermissionError(str(each))) for each in errors)
    assert first == second
    assert missing in first


def test_a_wrong_password_is_named_and_not_shown(limited):
    with pytest.raises(StoreForbidden, match="password of REDIS_URL") as caught, guarded():
        limited("~*", "+@all", password="wr0ng").ping()
    assert "wr0ng" not in str(caught.value)


def test_a_password_that_is_missing_is_named():
    def refused():
        raise redis.exceptions.AuthenticationError("Authentication required.")

    with pytest.raises(StoreForbidden, match="needs a password"), guarded():
        refused()


def test_what_is_no_refusal_is_told_as_before():
    def away():
        raise redis.ConnectionError("Connection refused")

    with pytest.raises(StoreUnavailable, match="ConnectionError") as caught, guarded():
        away()
    assert not isinstance(caught.value, StoreForbidden)


def test_the_rule_that_is_told_lets_a_user_do_what_steps_do(limited):
    client = limited(*RULE.split())
    Steps(client).run("loss", {"id": "x", "kind": "older"})
    client.info()
    client.config_get("appendonly")
    client.client_list()


@pytest.fixture
def complaint(caplog):
    caplog.set_level(logging.INFO)
    times = [0.0]
    made = Complaint(logging.getLogger("test"), "without the store", clock=lambda: times[0])
    return made, times


def test_the_same_is_told_once_and_again_after_minutes(complaint, caplog):
    made, times = complaint
    for _ in range(10):
        made.tell("no rights")
    assert len(caplog.records) == 1
    times[0] += AGAIN
    made.tell("no rights")
    assert len(caplog.records) == 2


def test_another_reason_is_told_at_once(complaint, caplog):
    made, _ = complaint
    for reason in ("no rights", "away", "no rights", "away"):
        made.tell(reason)
    assert [record.reason for record in caplog.records] == ["no rights", "away"]


def test_its_end_is_told_once_and_what_comes_again_is_told_again(complaint, caplog):
    made, _ = complaint
    made.over()
    made.tell("no rights")
    made.over()
    made.over()
    made.tell("no rights")
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]


def test_what_a_library_repeats_is_passed_over_for_a_minute():
    once = Once()

    def said(name, at):
        text = f"Worker {name * 32}: could not connect. retrying in 1 seconds..."
        record = logging.LogRecord("rq.worker", logging.ERROR, "", 0, text, (), None)
        record.created = at
        return once.filter(record)

    assert [said("a", 0), said("a", 1), said("b", 2), said("a", 61)] == [True, False, False, True]


@pytest.mark.parametrize(
    ("rule", "denied"),
    [
        pytest.param(tuple(RULE.split()), [], id="what the docs say"),
        pytest.param(("~*", "&*", "+@all", "-hset"), ["HSET"], id="a command of a step"),
        pytest.param(("~*", "&*", "+@all", "-@blocking"), ["BLMOVE", "BLPOP"], id="of RQ"),
        pytest.param(("~instep:*", "&*", "+@all"), ["GET rq:*"], id="the keys of RQ"),
        pytest.param(("~*", "resetchannels", "+@all"), ["PUBLISH", "SUBSCRIBE"], id="channels"),
        # Without a transaction nothing may be tried: it would be run.
        pytest.param(("~*", "&*", "+@all", "-multi"), ["MULTI"], id="transactions"),
    ],
)
def test_the_rights_that_a_user_lacks_are_found_and_nothing_is_run(limited, store, rule, denied):
    before = store.keys("*")
    assert unanswered(limited(*rule)) == ([], denied)
    assert store.keys("*") == before


def test_commands_that_a_store_lacks_are_found(store, monkeypatch):
    more = commands.CLIENTS | {"NOSUCH", "CLIENT|NOSUCH"}
    monkeypatch.setattr(commands, "CLIENTS", more)
    assert unanswered(store) == (["CLIENT|NOSUCH", "NOSUCH"], [])


def test_what_the_steps_call_is_what_a_store_is_asked_for():
    texts = [path.read_text() for path in (Path(commands.__file__).parent / "lua").rglob("*.lua")]
    called = {name for text in texts for name in re.findall(r"redis\.p?call\('([A-Z]+)'", text)}
    assert called == commands.STEPS


# Sent by the client library, by the test, or as far as the store allows it.
OTHERS = {
    *("HELLO", "CLIENT|SETINFO", "CLIENT|INFO", "CONFIG|GET", "MEMORY|USAGE", "DISCARD"),
    *("MULTI", "EXEC", "WATCH", "UNSUBSCRIBE", "CONFIG|RESETSTAT", "FLUSHDB", "SELECT"),
}


def test_what_a_delivery_and_a_worker_send_is_what_a_store_is_asked_for(
    store, store_socket, tmp_path, monkeypatch
):
    store.config_resetstat()
    way = Planted(store, tmp_path)
    way.receive("P-0001", qty=5)
    way.run()
    way.close()
    monkeypatch.setattr(jobs, "_bound", type("Bound", (), {"deliver": lambda *_: None})())
    with redis.Redis(unix_socket_path=store_socket) as client:
        WakeQueue("wakes", connection=client, serializer="json").enqueue(DELIVER, "site")
        worker = Worker(["wakes"], connection=client, serializer="json", default_result_ttl=0)
        worker._install_signal_handlers = lambda: None
        worker.work(burst=True, logging_level="WARNING")
    sent = {name.removeprefix("cmdstat_").upper() for name in store.info("commandstats")}
    assert sent >= {"FCALL", "RPUSH"}
    assert sent <= commands.STEPS | commands.CLIENTS | OTHERS


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (("~*", "&*", "+@all", "-hset"), "a user that may not HSET"),
        (("~*", "&*", "+@all", "-fcall", "-function|load"), "may not FCALL, FUNCTION|LOAD"),
        (("~*", "&*", "+@all", "-info"), "'info'"),
    ],
)
def test_check_names_them_and_leaves_the_store_alone(limited, store_socket, rule, named):
    limited(*rule)
    url = f"unix://{NAME}:p4ss@{store_socket}"
    settings = Settings(Path("instep.toml"), StoreSettings(url=url), {}, {}, {})
    found = Findings()
    assert check_store.store(settings, found) is None
    [problem] = [each for each in found.errors if each.where == "store: rights"]
    assert named in problem.found
    assert "ACL SETUSER" in str(problem)

"""A store behind a Sentinel: after a failover clients find the new master, and all is applied."""

import contextlib
import json
import signal
from unittest import mock

import pytest
import redis

from service.ingest.spool_count import waiting
from tests.support.real_processes import Instep, Load, eventually, wrong
from tests.support.sentinel_servers import SERVICE, SentinelServers, free_port, wait
from tests.support.standin import StandIn, item_id
from workers.config.settings import StoreSettings
from workers.config.store_url import sentinels
from workers.errors import StoreUnavailable, StoreUnsafe
from workers.store import connection, durability
from workers.store.sentinel import Masters, NoMaster

ITEMS = 10


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    servers = SentinelServers(tmp_path_factory.mktemp("s"))
    yield servers
    servers.close()


@pytest.fixture
def settings(servers):
    return StoreSettings(url=servers.url)


@pytest.fixture
def client(settings):
    client = connection.connect(settings)
    yield client
    client.connection_pool.disconnect()


def address(port):
    return ("127.0.0.1", port)


def test_the_clients_find_the_master_and_check_its_durability(servers, settings, client):
    assert durability.check(client, settings).role == "master"
    assert client.config_get("port") == {"port": str(servers.master())}
    with contextlib.closing(connection.rq_connection(settings).connection_pool) as pool:
        assert redis.Redis(connection_pool=pool).echo("é") == "é".encode()


def test_a_master_that_takes_less_care_than_its_replica_is_refused(servers, settings, client):
    master = servers.client(servers.master())
    master.config_set("appendfsync", "everysec")
    with pytest.raises(StoreUnsafe, match="appendfsync"):
        durability.check(client, settings)
    master.config_set("appendfsync", "always")


def test_a_write_to_a_former_master_goes_to_the_new_one(servers, client):
    stale = [address(servers.replica()), address(servers.master())]
    masters = client.connection_pool.connection_kwargs["masters"]
    with mock.patch.object(masters, "find", side_effect=stale):
        assert client.set("written", "1")
    assert servers.client(servers.master()).get("written") == "1"


def test_a_check_that_meets_a_replica_leaves_it(servers, settings, client):
    masters = client.connection_pool.connection_kwargs["masters"]
    check = durability.StoreCheck(client, settings)
    stale = mock.patch.object(masters, "find", side_effect=[address(servers.replica())])
    with stale, pytest.raises(StoreUnsafe, match="wait for the failover"):
        check.check()
    # As where a name leads to the master, which no Sentinel is asked for.
    masters.current, masters._next = address(servers.replica()), float("inf")
    check.forget()
    check.check()


def test_a_former_master_that_still_answers_is_left(servers, client):
    masters = client.connection_pool.connection_kwargs["masters"]
    former, new = address(servers.replica()), address(servers.master())
    masters.current = former
    with mock.patch.object(masters, "find", return_value=former):
        assert client.config_get("port") == {"port": str(former[1])}
    masters._next = 0.0
    assert client.config_get("port") == {"port": str(new[1])}


def test_silent_sentinels_do_not_part_a_client_from_its_master(client):
    assert client.ping()
    masters = client.connection_pool.connection_kwargs["masters"]
    masters._next = 0.0
    with mock.patch.object(masters, "_masters", return_value="says nothing") as asked:
        assert client.ping()
        assert client.ping()
    asked.assert_called_once()


@pytest.mark.parametrize("command", ["reached", "read"])
def test_a_wrong_service_is_told_with_those_that_there_are(servers, command):
    settings = StoreSettings(url=servers.url + "x")
    lost = connection.connect(settings, retries=0)
    with contextlib.closing(lost), pytest.raises(StoreUnavailable) as caught:
        connection.reach(lost, settings) if command == "reached" else durability.inspect(lost)
    problem = caught.value.__cause__.problem
    assert problem.where == "REDIS_URL"
    assert problem.found == f"the service {SERVICE}x"
    assert problem.expected == f"one that the Sentinels know: {SERVICE}"
    assert "sesame" not in str(caught.value)


def test_check_says_what_is_wrong_with_it_and_what_to_do(instep, servers):
    with mock.patch.dict(instep.environ, REDIS_URL=servers.url + "x"):
        code, said, _ = instep.command("check", "--json")
    (problem,) = [each for each in json.loads(said)["problems"] if each["where"] == "REDIS_URL"]
    assert code == 1
    assert problem["expected"] == f"one that the Sentinels know: {SERVICE}"
    assert problem["do"] == "correct SERVICE in redis+sentinel://HOST:PORT/SERVICE"


def test_of_several_sentinels_one_that_answers_is_enough(servers):
    url = servers.url.replace("@", f"@127.0.0.1:{free_port()},localhost:{free_port()},")
    masters = Masters(sentinels(url))
    assert masters.find() == address(servers.master())
    with mock.patch.object(masters, "_masters", wraps=masters._masters) as asked:
        masters.find()
    asked.assert_called_once_with("127.0.0.1", servers.sentinel_port)  # the others come later


def test_without_any_each_is_named_and_none_is_asked_again_at_once():
    masters = Masters(sentinels(f"redis+sentinel://u:hunter2@127.0.0.1:{free_port()}/s"))
    with pytest.raises(NoMaster, match=r"Sentinel 127.0.0.1:\d+ says nothing: Error") as caught:
        masters.find()
    with mock.patch.object(masters, "_masters") as asked, pytest.raises(NoMaster):
        masters.find()
    asked.assert_not_called()
    assert "hunter2" not in f"{caught.value}{masters}{caught.value.problem}"


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({"is_sdown": True}, "says that the master 10.0.0.1:6379 is down"),
        ({"is_odown": True}, "says that the master 10.0.0.1:6379 is down"),
        ({"is_master": False}, "says that the master 10.0.0.1:6379 is down"),
        (None, "knows no service"),
    ],
)
def test_a_master_that_is_down_is_none(state, says):
    up = {"is_master": True, "is_sdown": False, "is_odown": False, "ip": "10.0.0.1", "port": 6379}
    masters = Masters(sentinels("redis+sentinel://h/s"))
    known = {} if state is None else {"s": up | state}
    answer = mock.patch.object(masters, "_masters", return_value=known)
    with answer, pytest.raises(NoMaster, match=says):
        masters.find()


def test_a_sentinel_with_a_password_is_given_that_of_the_store(tmp_path):
    servers = SentinelServers(tmp_path, guarded=True)
    try:
        assert Masters(sentinels(servers.url)).find() == address(servers.ports[0])
        wrong = servers.url.replace("sesame", "hunter2")
        with pytest.raises(NoMaster, match="refuses user and password") as caught:
            Masters(sentinels(wrong)).find()
        assert "hunter2" not in str(caught.value)
    finally:
        servers.close()


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(ITEMS)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def instep(cms, servers, tmp_path_factory):
    instep = Instep(tmp_path_factory.mktemp("instep"), cms)
    instep.environ["REDIS_URL"] = servers.url
    yield instep
    instep.close()


def event(n):
    data = {"item_id": item_id(n % ITEMS), "qty": n}
    at = f"2026-05-12T09:{n // 60000:02d}:{n // 1000 % 60:02d}.{n % 1000:03d}Z"
    return {"id": f"e{n}", "type": "stock.changed", "at": at, "data": data}


def sent(first, count):
    """Return the fields that the items hold after *count* events from number *first* on."""
    return {item_id(n % ITEMS): {"stock": n} for n in range(first + count - ITEMS, first + count)}


def test_a_failover_by_hand_loses_nothing_while_events_come(cms, instep, servers):
    instep.up()
    before = servers.master()
    load = Load(instep, [event(n) for n in range(200)], rate=60)
    eventually(lambda: len(load.acks) > 40)
    servers.fail_over("COORDINATED")
    load.join()
    assert instep.settled()["balanced"]
    assert wrong(cms, sent(0, 200)) == {}
    assert servers.master() != before
    wait(lambda: servers.client(before).info()["role"] == "slave")


def test_what_comes_while_there_is_no_master_is_applied_by_the_next_one(cms, instep, servers):
    before = servers.master()
    wait(lambda: servers.client(servers.replica()).info().get("master_link_status") == "up")
    wait(lambda: servers.behind() == 0)
    servers.send(before, signal.SIGKILL)
    load = Load(instep, [event(1000 + n) for n in range(100)], rate=100)
    load.join()
    assert load.others == {}  # no sender was refused: the spool took what came
    servers.moved(before)
    eventually(lambda: waiting(instep.folder / "data").deliveries == 0, within=30)
    assert instep.settled()["balanced"]
    assert wrong(cms, sent(1000, 100)) == {}
    assert "sesame" not in instep.log()
    _, said, _ = instep.command("check", "--json")
    assert "sesame" not in said
    with pytest.raises(redis.ConnectionError):
        servers.client(before).ping()

"""Connections to the store, and the check before the start."""

import time
from dataclasses import replace

import pytest
import redis

from workers.config.settings import StoreSettings
from workers.errors import StoreFull, StoreUnavailable, StoreUnsafe
from workers.runtime.embedded_store import kept
from workers.store import connection, durability


@pytest.fixture
def settings(tmp_path):
    return StoreSettings(data=tmp_path)


@pytest.fixture
def client(settings):
    with kept(settings):
        client = connection.connect(settings)
        yield client
        client.close()


@pytest.fixture
def sound(client):
    return durability.inspect(client)


def test_the_embedded_store_is_as_durable_as_promised(client, settings):
    found = durability.check(client, settings)
    assert (found.mode, found.verified, found.role) == ("always", True, "master")
    assert found.version.startswith("valkey 9.")


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_a_store_that_may_evict_keys_is_refused(client, settings, policy):
    client.config_set("maxmemory-policy", policy)
    with pytest.raises(StoreUnsafe, match=f"found {policy}, expected noeviction"):
        durability.check(client, settings)


def test_eviction_is_refused_whatever_durability_was_asked_for(client, settings):
    client.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(StoreUnsafe):
        durability.check(client, replace(settings, durability="unverified"))


@pytest.mark.parametrize(
    ("appendonly", "fsync", "wanted", "enough"),
    [
        ("yes", "always", "always", True),
        ("yes", "always", "everysec", True),
        ("yes", "everysec", "always", False),
        ("yes", "everysec", "everysec", True),
        ("yes", "no", "everysec", False),
        ("no", "always", "everysec", False),
        ("no", "always", "unverified", True),
    ],
)
def test_a_store_weaker_than_wanted_is_refused(client, appendonly, fsync, wanted, enough):
    client.config_set("appendonly", appendonly)
    client.config_set("appendfsync", fsync)
    found = durability.inspect(client)
    assert (durability.faults(found, wanted) == ()) is enough


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"role": "slave"}, "store: role: found slave", id="replica"),
        pytest.param({"version": "redis 6.2.14"}, "found redis 6.2.14", id="old redis"),
        pytest.param({"version": "valkey 7.1.9"}, "found valkey 7.1.9", id="old valkey"),
        pytest.param({"cluster": True}, "store: cluster_enabled", id="cluster"),
        pytest.param({"aof_last_write_status": "err"}, "found err, expected ok", id="disk"),
    ],
)
def test_a_store_that_cannot_keep_its_promises_is_refused(sound, change, says):
    (problem,) = durability.faults(replace(sound, **change), "always")
    assert says in str(problem)


def test_new_enough_servers_are_taken(sound):
    for version in ("redis 7.0.0", "redis 8.2", "valkey 7.2.0", "valkey 9.1.2"):
        assert durability.faults(replace(sound, version=version), "always") == ()


def test_every_reason_is_told_at_once(client, settings):
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("appendonly", "no")
    with pytest.raises(StoreUnsafe, match=r"(?s)noeviction.*appendonly"):
        durability.check(client, settings)


@pytest.fixture
def without_config(client, settings, tmp_path):
    client.acl_setuser(
        "app", enabled=True, passwords=["+sesame"], keys="*", commands=["+@all", "-config"]
    )
    path = tmp_path / "store.sock"
    settings = replace(settings, url=f"unix://app:sesame@{path}")
    client = connection.connect(settings)
    yield client, settings
    client.close()


def test_where_config_is_forbidden_durability_cannot_be_claimed(without_config):
    client, settings = without_config
    with pytest.raises(StoreUnsafe, match='set durability = "unverified"'):
        durability.check(client, settings)


def test_where_config_is_forbidden_unverified_will_do(without_config):
    client, settings = without_config
    found = durability.check(client, replace(settings, durability="unverified"))
    assert (found.mode, found.verified, found.appendonly) == ("unverified", False, True)


def test_where_config_is_forbidden_eviction_is_still_seen(without_config, client):
    client.config_set("maxmemory-policy", "allkeys-lru")
    narrow, settings = without_config
    with pytest.raises(StoreUnsafe, match="maxmemory-policy"):
        durability.check(narrow, replace(settings, durability="unverified"))


def test_no_answer_is_told_soon_and_as_one_kind_of_error(settings):
    client = connection.connect(settings)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="ConnectionError"), connection.guarded():
        client.ping()
    assert time.monotonic() - began < 2.0


def test_a_full_store_is_one_kind_of_error_too(client):
    client.config_set("maxmemory", 1)
    with pytest.raises(StoreFull, match="stored ones are still sent"), connection.guarded():
        client.eval("#!lua\nreturn redis.call('SET', 'key', 'value')", 0)


def test_a_store_that_is_a_replica_is_called_unsafe(client):
    client.replicaof("127.0.0.1", 1)
    with pytest.raises(StoreUnsafe, match="replica"), connection.guarded():
        client.set("key", "value")


def test_a_command_that_only_joins_says_what_to_start(settings, tmp_path):
    client = connection.connect(settings)
    with pytest.raises(StoreUnavailable, match=f"at INSTEP_DATA {tmp_path}; start `instep up`"):
        connection.reach(client, settings)


def test_a_password_is_never_told(settings):
    url = "redis://:sesame@127.0.0.1:1/0"
    given = replace(settings, url=url)
    with pytest.raises(StoreUnavailable) as error:
        connection.reach(connection.connect(given), given)
    assert "sesame" not in f"{error.value} {error.value!r} {given!r}"


def test_there_is_room_below_nine_tenths_of_the_limit(client):
    used = client.info("memory")["used_memory"]
    client.config_set("maxmemory", used * 2)
    connection.Room(client).check()


def test_there_is_no_room_above_nine_tenths_of_the_limit(client):
    used = client.info("memory")["used_memory"]
    client.config_set("maxmemory", int(used * 1.02))
    with pytest.raises(StoreFull):
        connection.Room(client).check()


def test_without_a_limit_there_is_room(client):
    client.config_set("maxmemory", 0)
    connection.Room(client).check()


def test_a_rediss_url_connects_by_tls_with_the_same_limits(settings):
    client = connection.connect(
        replace(settings, url="rediss://example.invalid:6380/1"), timeout=0.5
    )
    pool = client.connection_pool
    assert pool.connection_class is redis.SSLConnection
    assert pool.connection_kwargs["socket_timeout"] == 0.5
    assert pool.connection_kwargs["retry"].get_retries() == 2


def test_rq_gets_bytes_and_a_pool_of_its_own(client, settings):
    mine = connection.rq_connection(settings)
    mine.set("key", "value")
    assert mine.get("key") == b"value"
    assert mine.connection_pool is not client.connection_pool
    mine.close()


def test_no_connection_looks_on_disk_for_the_version_of_redis_py(monkeypatch, settings):
    monkeypatch.setattr("redis.utils.get_lib_version", None)
    for store in (settings, replace(settings, url="redis://127.0.0.1:1/0")):
        connection.connect(store).connection_pool.make_connection()

"""The files, the socket and the binary of the embedded store."""

import os
import stat
import tempfile

import pytest

from workers.config.settings import StoreSettings
from workers.embedded import layout as embedded
from workers.embedded.layout import Place
from workers.errors import StoreUnavailable
from workers.runtime.embedded_store import kept
from workers.runtime.rq_worker import Worker
from workers.store import connection


@pytest.fixture
def short_base(monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as base:  # pytest's own may be too long
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        monkeypatch.setattr("tempfile.tempdir", base)
        yield


def long_path(tmp_path):
    return tmp_path / ("d" * 120) / ("e" * 120)


def test_the_socket_is_for_its_owner_alone_and_there_is_no_port(tmp_path):
    settings = StoreSettings(data=tmp_path / "data")
    with kept(settings):
        client = connection.connect(settings)
        assert client.config_get("port") == {"port": "0"}
        assert stat.S_IMODE(Place.of(settings.data).socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(settings.data.stat().st_mode) == 0o700
        client.close()


def test_the_fields_of_a_record_are_one_object(tmp_path):
    settings = StoreSettings(data=tmp_path / "data")
    with kept(settings):
        client = connection.connect(settings)
        client.hset("record", mapping={"f:": "x" * 900, "f:name": "x" * 300})
        assert client.object("encoding", "record") == "listpack"
        client.zadd("part of the search index", {"x" * 200: 0})
        assert client.object("encoding", "part of the search index") == "listpack"
        client.close()


@pytest.mark.parametrize(
    "name", ["with space", "a=b", 'quo"ted', "back\\slash", "grün", "per%cent"]
)
def test_any_name_of_a_directory_will_do(tmp_path, name):
    settings = StoreSettings(data=tmp_path / name)
    with kept(settings):
        client = connection.connect(settings)
        client.set("kept", "yes")
        assert (settings.data / "store" / "appendonlydir").is_dir()
        assert Worker(["wake-ups"], connection=client, serializer="json").name
        client.close()


@pytest.mark.usefixtures("short_base")
def test_a_path_too_long_for_a_socket_gets_a_short_directory(tmp_path):
    settings = StoreSettings(data=long_path(tmp_path))
    with kept(settings):
        client = connection.connect(settings)
        assert client.ping()
        assert len(os.fsencode(Place.of(settings.data).socket)) < 108
        assert stat.S_IMODE(Place.of(settings.data).socket.parent.stat().st_mode) == 0o700
        client.close()


@pytest.mark.usefixtures("short_base")
def test_a_shell_with_another_temporary_directory_finds_the_same_socket(tmp_path, monkeypatch):
    settings = StoreSettings(data=long_path(tmp_path))
    with kept(settings):
        monkeypatch.setattr("tempfile.tempdir", "/var/tmp")  # noqa: S108
        client = connection.connect(settings)
        assert client.ping()
        client.close()


@pytest.mark.usefixtures("short_base")
def test_a_short_directory_that_others_can_read_is_refused(tmp_path):
    data = long_path(tmp_path)
    planted = Place.of(data).socket.parent
    planted.mkdir(mode=0o755)
    with (
        pytest.raises(StoreUnavailable, match="expected a directory that only this user"),
        kept(StoreSettings(data=data)),
    ):
        pass


def test_data_that_cannot_be_a_directory_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StoreUnavailable, match=r"/file.*set INSTEP_DATA"),
        kept(StoreSettings(data=tmp_path / "file")),
    ):
        pass


def test_a_start_that_fails_ends_with_the_last_words_of_the_server(tmp_path):
    settings = StoreSettings(data=tmp_path)
    with kept(settings):
        pass
    base = next((tmp_path / "store" / "appendonlydir").glob("*.base.rdb"))
    base.write_bytes(b"REDIS0011 this is no snapshot " + b"\xff" + bytes(8))
    with pytest.raises(StoreUnavailable, match=r"(?s)status 1.*RDB.*restore"), kept(settings):
        pass


def test_without_the_package_a_server_on_path_is_taken(tmp_path, monkeypatch):
    server = tmp_path / "valkey-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.binary() == str(server)


def test_without_any_server_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreUnavailable, match="valkey-server nor redis-server is on PATH"):
        embedded.binary()


def test_a_given_store_starts_no_server(tmp_path):
    with kept(StoreSettings(url="redis://127.0.0.1:1", data=tmp_path / "data")) as keeper:
        assert keeper is None
    assert not (tmp_path / "data").exists()

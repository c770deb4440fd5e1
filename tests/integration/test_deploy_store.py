"""The store of compose.yaml is durable enough, and backup.sh copies a store while it runs."""

import contextlib
import os
import shutil
import socket
import subprocess
import time

import pytest
import redis
import yaml

from service.commands import deployment
from tests.support.store_server import server_binary
from workers.config.settings import StoreSettings
from workers.embedded.layout import Place
from workers.runtime.embedded_store import kept
from workers.store import connection, durability

KEYS = 2000


@pytest.fixture
def script(tmp_path):
    file = tmp_path / "backup.sh"
    file.write_text(deployment.files("compose")["backup.sh"])

    def run(*words, path=None):
        return subprocess.run(  # noqa: S603
            ["/bin/sh", str(file), *map(str, words)],
            env={"PATH": f"{path}:/usr/bin:/bin" if path else "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@contextlib.contextmanager
def connected(settings):
    client = connection.connect(settings)
    yield client
    client.connection_pool.disconnect()


def _answers(path):
    with socket.socket(socket.AF_UNIX) as asked:
        if asked.connect_ex(str(path)):
            return False
        asked.settimeout(5)
        asked.sendall(b"PING\r\n")
        return asked.recv(100) == b"+PONG\r\n"  # not while it loads


@contextlib.contextmanager
def composed(folder):
    """Run the store as compose.yaml does, in *folder*; yields the address."""
    text = deployment.files("compose")["compose.yaml"]
    _, *options = yaml.safe_load(text)["services"]["store"]["command"]
    path = folder.parent / f"{folder.name}.sock"
    folder.mkdir(exist_ok=True)
    command = [server_binary(), *options, "--port", "0", "--unixsocket", str(path)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        ends = time.monotonic() + 20
        while not _answers(path):
            assert process.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.02)
        yield f"unix://{path}"
    finally:
        process.terminate()
        process.wait(10)


def test_the_store_of_compose_is_as_durable_as_is_asked(tmp_path):
    with composed(tmp_path / "s") as url:
        settings = StoreSettings(url=url)
        with connected(settings) as client:
            assert durability.check(client, settings).mode == "always"
            assert client.info("memory")["maxmemory"] > 0


def test_a_copy_holds_all_that_was_there_as_it_began_whatever_is_rewritten(tmp_path, script):
    backups = tmp_path / "backups"
    with composed(tmp_path / "s") as url, redis.Redis.from_url(url) as client:
        for key in range(KEYS):
            client.set(key, "x" * 500)
        client.bgrewriteaof()
        done = script(tmp_path / "s", backups)
        assert done.returncode == 0, done.stderr
        client.set("later", 1)
    (copy,) = backups.iterdir()
    assert done.stdout == f"backup: {copy}\n"
    with composed(copy) as url, redis.Redis.from_url(url) as client:
        assert client.dbsize() == KEYS
        assert client.get("later") is None


def test_a_copy_in_which_files_were_replaced_is_made_again(tmp_path, script):
    files = tmp_path / "store" / "appendonlydir"
    files.mkdir(parents=True)
    (files / "appendonly.aof.manifest").write_text("before")
    # What cp does, and, the first time, the store meanwhile.
    cp = tmp_path / "bin" / "cp"
    cp.parent.mkdir()
    cp.write_text(
        f"""#!/bin/sh
        /bin/cp "$@" || exit 1
        [ -e {tmp_path}/once ] || printf after > {files}/appendonly.aof.manifest
        : > {tmp_path}/once
        """
    )
    cp.chmod(0o755)
    done = script(tmp_path / "store", tmp_path / "backups", path=cp.parent)
    assert done.returncode == 0
    (copy,) = (tmp_path / "backups").iterdir()
    assert (copy / "appendonlydir" / "appendonly.aof.manifest").read_text() == "after"


def test_without_a_store_it_says_so_and_leaves_nothing(tmp_path, script):
    done = script(tmp_path / "none", tmp_path / "backups")
    assert done.returncode == 1
    assert "appendonly.aof.manifest" in done.stderr
    assert not (tmp_path / "backups").exists()


def test_old_copies_are_removed_and_nothing_else(tmp_path, script):
    backups, store = tmp_path / "backups", tmp_path / "store" / "appendonlydir"
    store.mkdir(parents=True)
    (store / "appendonly.aof.manifest").touch()
    old = time.time() - 9 * 86_400
    for name in ("2026-01-01T00.00.00Z", "2026-01-02T00.00.00Z", "mine"):
        (backups / name).mkdir(parents=True)
        if name != "2026-01-02T00.00.00Z":
            os.utime(backups / name, (old, old))
    assert script(store.parent, backups, 7).returncode == 0
    left = {each.name for each in backups.iterdir()}
    assert len(left) == 3
    assert "2026-01-01T00.00.00Z" not in left


def test_the_embedded_store_is_copied_and_put_back(tmp_path, script):
    """As docs/backup.md says; what was cut off at the end of a copy is told at the next start."""
    settings = StoreSettings(data=tmp_path / "data")
    with kept(settings), connected(settings) as client:
        client.set("instep:kept", "1")
        assert script(Place.of(settings.data).directory, tmp_path / "backups").returncode == 0
    (copy,) = (tmp_path / "backups").iterdir()
    other = StoreSettings(data=tmp_path / "other")
    shutil.copytree(copy, other.data / "store")
    with kept(other), connected(other) as client:
        assert client.get("instep:kept") == "1"

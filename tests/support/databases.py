"""Real database servers in a folder of their own, on a Unix socket, for as long as tests run."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

# Neither server runs as root; tests may.
USER = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
POSTGRESQL = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
MARIADB = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
PASSWORD = "gh3im+w0rt/x"
SLOW = 60  # s that a server may take on a busy machine


def run(*command, **options):
    done = subprocess.run(  # noqa: S603
        list(map(str, command)), capture_output=True, text=True, timeout=SLOW, **USER, **options
    )
    assert done.returncode == 0, done.stderr
    return done


@contextlib.contextmanager
def folder():
    # Not tmp_path: another user may not look into it, and a socket's path is short.
    path = Path(tempfile.mkdtemp(prefix="instep-"))
    if USER:
        shutil.chown(path, "nobody", "nogroup")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def serving(command, socket):
    """Run *command* until the block ends; it serves once *socket* is there."""
    with (socket.parent / "log").open("w") as log:
        server = subprocess.Popen(  # noqa: S603
            list(map(str, command)), stdout=log, stderr=log, cwd=socket.parent, **USER
        )
    deadline = time.monotonic() + SLOW
    while not socket.exists():
        assert server.poll() is None, (socket.parent / "log").read_text()
        assert time.monotonic() < deadline, "the database did not start"
        time.sleep(0.02)
    try:
        yield
    finally:
        server.terminate()
        server.wait(SLOW)


def wait_until_ready(home):
    """Return once the PostgreSQL in *home* takes connections: its socket is there before that."""
    asking = [POSTGRESQL / "pg_isready", "-q", "-h", home]
    deadline = time.monotonic() + SLOW
    while subprocess.run(asking, timeout=SLOW).returncode:  # noqa: S603
        assert time.monotonic() < deadline, "the database takes no connections"
        time.sleep(0.02)


@contextlib.contextmanager
def postgresql():
    """Yield the URL of a PostgreSQL; its user ``checked`` needs the password."""
    with folder() as home:
        data = home / "d"
        run(POSTGRESQL / "initdb", "-D", data, "-U", "instep", "-N", "-E", "UTF8", cwd=home)
        (data / "pg_hba.conf").write_text("local all checked scram-sha-256\nlocal all all trust\n")
        command = [POSTGRESQL / "postgres", "-D", data, "-k", home, "-c", "listen_addresses="]
        with serving([*command, "-c", "fsync=off"], home / ".s.PGSQL.5432"):
            wait_until_ready(home)
            yield f"postgresql://instep@/postgres?host={home}"


@contextlib.contextmanager
def mariadb():
    """Yield the URL of a MariaDB; it asks nobody who he is, so it needs no tables of its own."""
    with folder() as home:
        socket = home / "s"
        run("mkdir", "-p", home / "d" / "shop")  # a folder is a database
        command = [MARIADB, "--no-defaults", f"--datadir={home}/d", f"--socket={socket}"]
        command += ["--skip-networking", "--skip-grant-tables", f"--pid-file={home}/p"]
        with serving([*command, "--innodb-flush-log-at-trx-commit=0"], socket):
            yield f"mysql://root@/shop?unix_socket={socket}&charset=utf8mb4"

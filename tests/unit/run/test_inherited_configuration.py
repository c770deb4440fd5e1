"""What the processes of a service have from the one that forks them."""

import os

import pytest
from click.testing import CliRunner

from service.cli import main
from service.config import build, inherited, logging_setup
from service.run import services
from workers.runtime import fork_server, forked_process


class Server:
    """Stands for a fork server: *left* is the configuration that its processes have."""

    def __init__(self, modules, prepare=""):
        self.left, self.prepare = None, prepare

    @classmethod
    def of_this(cls, modules, prepare):
        server = cls(modules, prepare)
        server.left = build.of_process()
        assert inherited.settings_of_process() is server.left.settings
        return server

    def close(self):
        pass


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start ``instep worker`` as far as its fork server; return that and the configuration."""
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    monkeypatch.chdir(tmp_path)
    for name in ("REDIS_URL", "INSTEP_CONFIG", "INSTEP_DATA"):
        monkeypatch.delenv(name, raising=False)
    found = []
    monkeypatch.setattr(
        services, "worker", lambda made, _, server, **__: found.append((made, server))
    )
    monkeypatch.setattr(forked_process, "ForkServer", Server)
    monkeypatch.setattr(fork_server, "share", str)
    monkeypatch.setattr(logging_setup, "configure", lambda: None)

    def _start(*, alone):
        monkeypatch.setattr(fork_server, "is_alone", lambda _: alone)
        result = CliRunner().invoke(main, ["worker"])
        assert result.exit_code == 0, result.output
        return found[0]

    before = dict(os.environ)
    yield _start
    os.environ.clear()  # .env was added
    os.environ.update(before)


def test_it_is_read_once_for_all_of_them(start):
    configuration, server = start(alone=True)
    assert server.left is configuration
    assert server.prepare == "service.run.inheritance worker"  # by the one that takes its place


def test_each_reads_it_where_a_mapping_has_begun_a_thread_or_opened_a_file(start):
    _, server = start(alone=False)
    assert server.left is None
    assert server.prepare == ""


def test_the_process_itself_reads_it_anew(start):
    configuration, _ = start(alone=True)
    assert build.of_process() is not configuration
    assert inherited.settings_of_process() is not configuration.settings

"""What is built once for all processes of a service."""

import sys
import threading

import pytest
from click.testing import CliRunner

from service.cli import main
from service.config import inherited, logging_setup
from service.config.build import Configuration, of_process
from service.run import inheritance, worker_process
from service.web.server import Built
from workers.config.settings import Settings
from workers.delivery.context import Context
from workers.runtime import fork_server, jobs, liveness, rq_worker


@pytest.fixture(autouse=True)
def shop(tmp_path, monkeypatch):
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    monkeypatch.chdir(tmp_path)
    for name in ("REDIS_URL", "INSTEP_CONFIG", "INSTEP_DATA"):
        monkeypatch.delenv(name, raising=False)
    for line in (tmp_path / ".env").read_text().splitlines():
        name, _, value = line.partition("=")
        if name.isidentifier():
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(logging_setup, "configure", lambda: None)
    with inherited.left_to_children():  # what a test leaves is gone after it
        yield


@pytest.mark.parametrize(("service", "web"), [("up", True), ("web", True), ("worker", False)])
def test_each_service_has_what_its_processes_use(monkeypatch, service, web):
    monkeypatch.setattr(sys, "argv", ["service.run.inheritance", service])
    inheritance.main()
    configuration, context = inherited.inherited(Configuration), inherited.inherited(Context)
    assert of_process() is configuration
    assert inherited.settings_of_process() is configuration.settings is context.settings
    assert inherited.inherited(Settings) is configuration.settings
    assert (inherited.inherited(Built) is not None) == web


def test_nothing_of_it_has_begun():
    configuration = of_process()
    inheritance.built_for("up", configuration)  # the first one of all imports what opens files
    before = threading.enumerate(), fork_server.open_files()
    inheritance.built_for("up", configuration)
    assert (threading.enumerate(), fork_server.open_files()) == before


@pytest.mark.parametrize("left", [True, False])
def test_a_worker_uses_what_was_left_to_it(monkeypatch, left):
    context = jobs.build(of_process().settings)
    monkeypatch.setattr(jobs, "_bound", None)
    monkeypatch.setattr(sys, "argv", ["service.run.worker_process"])
    monkeypatch.setattr(liveness, "start", lambda _: None)
    monkeypatch.setattr(logging_setup, "observe", lambda *_: None)
    monkeypatch.setattr(rq_worker, "work", lambda *_, **__: 0)
    inherited.leave(*[context] * left)
    assert worker_process.main() == 0
    assert (jobs._bound.context is context) == left

"""A reload, from its request to its outcome; the processes are stand-ins."""

import os
import threading
from types import SimpleNamespace

import pytest

from service.run import reload
from service.run.prepare import Prepared
from service.run.reload import Reloader
from tests.support.real_processes import BY_ITEM, CONFIGURATION
from tests.support.standin import COLLECTION, TOKEN
from workers.config.loader import load
from workers.runtime.child_process import Child

PATIENCE = 60.0  # s


class Service:
    """What is to be run, as the reloader knows it."""

    upgrade = None

    def __init__(self):
        self.used = []

    def children(self, prepared):
        fetching = [Child("worker", "m")] * len(prepared.fetchers)
        return [*[Child("web", "m")] * 2, Child("worker", "m"), *fetching]

    def tasks(self, settings, prepared):
        return [(settings, prepared)]

    def use(self, settings):
        self.used.append(settings)


class Rig:
    def __init__(self, folder):
        self.outcomes, self.started, self.failure = [], [], None
        self.service, self.given = Service(), dict(os.environ)
        registration = SimpleNamespace(record=self.outcomes.append)
        self.reloader = Reloader(
            self.given, self.service, load(os.environ), registration, self._start
        )
        self.folder = folder

    def _start(self, children, tasks):
        self.started.append((children, tasks))
        return self.failure

    def reload(self):
        """Return the outcome of one reload."""
        before, stop = len(self.outcomes), threading.Event()
        thread = threading.Thread(target=self.reloader.run, args=(stop,))
        thread.start()
        self.reloader.ask()
        look = threading.Event()
        assert any(
            len(self.outcomes) > before + 1 or look.wait(0.05) for _ in range(int(PATIENCE * 20))
        )
        stop.set()
        thread.join()
        return self.outcomes[-1]


@pytest.fixture
def rig(tmp_path, monkeypatch):
    text = CONFIGURATION.format(
        api="v2", url="http://127.0.0.1:1", more="", collection=COLLECTION, secret="erp-secret"
    )
    (tmp_path / "instep.toml").write_text(text)
    (tmp_path / "mappings.py").write_text(BY_ITEM)
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    for name in ("INSTEP_CONFIG", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ |= {"WEBFLOW_TOKEN": TOKEN, "INSTEP_DATA": str(tmp_path / "data")}
    yield Rig(tmp_path)
    os.environ.clear()
    os.environ.update(before)


def test_a_sound_configuration_replaces_processes_tasks_and_variables(rig):
    (rig.folder / ".env").write_text("MORE=1\n")
    os.environ["OLD"] = "of the .env before"
    found = rig.reload()
    assert (found["number"], found["done"], found["code"]) == (1, True, 0)
    assert found["replaced"] == {"web": 2, "worker": 1}
    assert (os.environ["MORE"], "OLD" in os.environ) == ("1", False)
    assert len(rig.service.used) == 1
    assert rig.outcomes[0] == {"number": 1, "done": False}
    assert rig.reload()["number"] == 2


def test_a_wrong_one_starts_nothing(rig):
    (rig.folder / "mappings.py").write_text("import nothing_there")
    found = rig.reload()
    assert found["code"] == 2
    assert "nothing_there" in found["problems"][0]["found"]
    assert (rig.started, rig.service.used) == ([], [])


def test_processes_that_do_not_come_up_leave_the_settings(rig):
    rig.failure = "web: a new process ended with status 3"
    found = rig.reload()
    assert (found["code"], found["failure"]) == (1, rig.failure)
    assert rig.service.used == []


def test_a_check_that_fails_or_hangs_is_told(rig, monkeypatch):
    monkeypatch.setattr(reload.pdeathsig, "module", lambda _: ["sh", "-c", "echo no >&2; exit 3"])
    assert rig.reload()["failure"] == "the check of the configuration failed:\nno"
    monkeypatch.setattr(reload.pdeathsig, "module", lambda _: ["sleep", "60"])
    monkeypatch.setattr(reload, "_CHECK", 0.1)
    found = rig.reload()
    assert (found["code"], "did not end within 0.1 s" in found["failure"]) == (1, True)


def test_what_is_changed_after_the_check_is_told_too(rig, monkeypatch):
    monkeypatch.setattr(reload, "_prepare", lambda *_: Prepared())
    (rig.folder / "instep.toml").write_text("mappings = 1")
    before = dict(os.environ)
    found = rig.reload()
    assert (found["code"], len(found["problems"])) == (2, 1)
    assert dict(os.environ) == before


def test_another_release_is_told(rig, monkeypatch):
    monkeypatch.setattr(reload, "_prepare", lambda *_: Prepared(release="9.9"))
    (note,) = rig.reload()["notes"]
    assert note.endswith("until its next restart; its processes have 9.9")

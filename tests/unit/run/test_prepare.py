"""The check of a new configuration, before anything is replaced."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from service.config.build import of_process
from service.run.prepare import Prepared, Standing, fixed, prepare
from tests.support.real_processes import BY_ITEM, CONFIGURATION
from tests.support.standin import COLLECTION, TOKEN, StandIn
from workers.config.settings import StoreSettings


@pytest.fixture
def cms():
    cms = StandIn(1)
    yield cms
    cms.close()


@pytest.fixture
def files(tmp_path, monkeypatch, cms):
    """The folder of a sound configuration, as the current one."""
    text = CONFIGURATION.format(
        api="v2", url=cms.url, more="", collection=COLLECTION, secret="erp-secret"
    )
    (tmp_path / "instep.toml").write_text(text)
    (tmp_path / "mappings.py").write_text(BY_ITEM)
    for name in ("INSTEP_CONFIG", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WEBFLOW_TOKEN", TOKEN)
    monkeypatch.setenv("INSTEP_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def standing(files):
    """What runs has this configuration, too."""
    assert (files / "instep.toml").exists()
    return Standing.of(of_process().settings, upgrades=False)


def told(found):
    return [f"{each['where']}: {each['found']}" for each in found.problems]


def test_what_is_known_is_not_asked_again(standing, cms):
    found = prepare(standing)
    assert (found.problems, found.notes, found.parts) == ((), (), {"products": 1})
    assert cms.calls() == []


def test_a_token_that_is_refused_is_a_problem(standing, cms):
    cms.token = "another"
    found = prepare(replace(standing, known=()))
    assert told(found) == [
        "instep.toml: destinations.site.token: status 401 (Request not authorized)"
    ]


def test_a_token_that_works_and_a_cms_that_is_away_are_none(standing, cms, files):
    new = replace(standing, known=())
    assert prepare(new).notes == ()
    assert len(cms.calls()) == 1
    text = (files / "instep.toml").read_text()
    (files / "instep.toml").write_text(text.replace(cms.url, "http://127.0.0.1:1"))
    found = prepare(new)
    assert found.problems == ()
    assert found.notes[0].startswith("Collection products: not checked with the CMS: ")


def test_another_answer_is_told(standing, cms):
    cms.limit = cms.left = 0
    assert prepare(replace(standing, known=())).notes == (
        "Collection products: the CMS answers 429",
    )


def test_every_problem_of_the_files_is_told(standing, files):
    text = (files / "instep.toml").read_text().replace('header = "X-Signature"', "size = 1")
    (files / "instep.toml").write_text(text.replace('key = "sku"', "keys = 1"))
    assert len(told(prepare(standing))) >= 3


def test_the_store_can_only_be_changed_by_a_restart(standing):
    standing = replace(standing, url="redis://elsewhere", data="/elsewhere", memory_mb=7)
    store = StoreSettings(data=Path("here"), durability="everysec", memory_mb=8)
    found = [each.where for each in fixed(standing, store, Path("instep.toml"))]
    assert found == [
        "REDIS_URL",
        "INSTEP_DATA",
        "instep.toml: store.durability",
        "instep.toml: store.memory_mb",
    ]
    assert not any("elsewhere" in each.found for each in fixed(standing, store, Path("x")))


def test_a_store_that_is_away_is_a_note_where_workers_run(standing, monkeypatch):
    monkeypatch.setattr("workers.store.connection.TIMEOUT", 0.1)
    found = prepare(replace(standing, upgrades=True))
    assert found.problems == ()
    assert found.notes[0].startswith("The store is away: ")


def test_as_a_process_it_prints_the_result_alone(standing, files):
    (files / "mappings.py").write_text(f'print("a mapping that prints")\n{BY_ITEM}')
    done = subprocess.run(
        [sys.executable, "-m", "service.run.prepare"],
        input=json.dumps({**vars_of(standing)}),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert Prepared(**json.loads(done.stdout)).parts == {"products": 1}
    assert "a mapping that prints" in done.stderr


def vars_of(standing):
    return {name: getattr(standing, name) for name in Standing.__slots__}

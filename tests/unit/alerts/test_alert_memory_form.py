"""What is remembered comes back as it was; what another release wrote does no harm."""

import json

import pytest

from tests.support.alert_player import Player, cause
from workers.alerts.local_memory import LocalMemory
from workers.alerts.memory_form import dump_habits, dump_memory, load_habits, load_memory
from workers.alerts.rules import Memory
from workers.alerts.silence import Habit

HABITS = {"erp": Habit(5, 20.0, 1.0, 10.0, {"2027-01-11": 9.0})}


@pytest.fixture
def memory():
    player = Player()
    player.look(cause(letters=3, parts=("g1", "g2")))
    return player.memory


def test_both_come_back_through_json(memory):
    assert load_memory(json.loads(json.dumps(dump_memory(memory)))) == memory
    assert load_habits(json.loads(json.dumps(dump_habits(HABITS)))) == HABITS


@pytest.mark.parametrize(
    "held", [{}, {"causes": 7, "sent": 7}, {"causes": [{"kind": "x"}, 7], "sent": ["x"]}]
)
def test_what_cannot_be_read_was_never_seen(held):
    assert load_memory(held) == Memory()


def test_habits_that_cannot_be_read_are_left_out():
    assert load_habits({"erp": {"x": 1}, "shop": 7} | dump_habits(HABITS)) == HABITS


def test_a_file_holds_what_was_said_until_it_is_forgotten(memory, tmp_path):
    path = tmp_path / "alerts.json"
    local = LocalMemory(path)
    local.keep(memory)
    written = path.stat().st_mtime_ns
    local.keep(memory)  # nothing was said: the file is left alone
    assert path.stat().st_mtime_ns == written
    assert LocalMemory(path).value == memory
    local.keep(Memory())
    assert not path.exists()
    local.keep(Memory())


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_file_that_cannot_be_read_counts_as_none(tmp_path, text):
    path = tmp_path / "alerts.json"
    path.write_text(text)
    assert LocalMemory(path).value == Memory()


def test_without_a_disk_it_is_remembered_all_the_same(memory, tmp_path):
    local = LocalMemory(tmp_path / "none" / "alerts.json")
    local.keep(memory)
    assert local.value == memory

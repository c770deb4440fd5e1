"""The texts of the Lua steps: what the store is given of the shared files."""

import re
from importlib.resources import files

import pytest

from workers.store.scripts import text_of

FOLDER = files("workers.store") / "lua"
TEXTS = {
    file.name[:-4]: file.read_text() for folder in FOLDER.iterdir() for file in folder.iterdir()
}
STEPS = sorted(name for name, text in TEXTS.items() if text.startswith("#!lua"))


def shared(step):
    uses = re.search(r"^--! uses (.+)$", TEXTS[step], re.MULTILINE)
    return "\n".join(TEXTS[name] for name in uses[1].split()) if uses else ""


def code(text):
    return re.sub(r"--.*$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("step", STEPS)
def test_the_store_takes_each_step(store, step):
    assert len(store.script_load(text_of(step))) == 40


@pytest.mark.parametrize("step", STEPS)
def test_a_step_has_each_shared_function_that_it_names(step):
    text = code(text_of(step))
    known = {found[1] for found in re.finditer(r"^local function (\w+)", shared(step), re.M)}
    there = set(re.findall(r"\bfunction (\w+)", text))
    assert known & set(re.findall(r"\b(\w+) ?\(", text)) <= there


def test_a_step_has_no_shared_function_that_nothing_leads_to():
    assert "function add_shown" in TEXTS["locales"]
    assert "add_shown" not in code(text_of("claim"))

"""Steps as they reach the store: each library once, behind what it uses, word for word."""

import re
from importlib.resources import files

import pytest

from workers.store.scripts import text_of

FOLDER = files("workers.store") / "lua"


def texts_in(folder):
    return {file.name[:-4]: file.read_text() for file in sorted((FOLDER / folder).iterdir())}


LIBRARIES, STEPS = texts_in("lib"), texts_in("steps")
BLOCK = re.compile(r"^local (\w+) = (\(function\(\)|autoload\(function\(\))$", re.MULTILINE)


def blocks(step):
    return {found[1]: found.start() for found in BLOCK.finditer(text_of(step))}


def named(text):
    return re.findall(r"\w+", " ".join(re.findall(r"^--! (?:uses|on demand) (.+)$", text, re.M)))


def test_a_step_holds_each_library_word_for_word():
    for step, written in STEPS.items():
        text = text_of(step)
        assert {name for name in blocks(step) if LIBRARIES[name] not in text} == set(), step
        assert text.endswith(written.partition("\n")[2]), step


def test_a_library_stands_behind_those_that_it_uses_and_once():
    for step, written in STEPS.items():
        there = blocks(step)
        assert len(BLOCK.findall(text_of(step))) == len(there), step
        assert set(named(written)) <= there.keys(), step
        for name in there:
            late = {other for other in named(LIBRARIES[name]) if there[other] >= there[name]}
            assert late == set(), (step, name)


def test_a_file_names_the_libraries_that_it_uses():
    unnamed = {}
    for name in [*STEPS, *(LIBRARIES.keys() - {"autoload", "redis"})]:
        text = STEPS.get(name) or LIBRARIES[name]
        code = re.sub(r"--.*|'[^'\n]*'", "", text)
        used = set(re.findall(r"(?<![\w.])(\w+)\.\w+", code)) & LIBRARIES.keys() - {"redis"}
        unnamed[name] = used - {name} - set(named(text))
    assert {name: libraries for name, libraries in unnamed.items() if libraries} == {}


RETURNED = {name: text.rpartition("\nreturn ")[2] for name, text in LIBRARIES.items()}


@pytest.mark.parametrize("name", [name for name, text in RETURNED.items() if text[0] == "{"])
def test_what_is_used_of_a_library_is_what_it_returns(name):
    there = set(re.findall(r"(\w+) = ", RETURNED[name]))
    for text in [*STEPS.values(), *(text for other, text in LIBRARIES.items() if other != name)]:
        if name in named(text):
            code = re.sub(r"--.*|'[^'\n]*'", "", text)
            assert set(re.findall(rf"(?<![\w.]){name}\.(\w+)", code)) <= there

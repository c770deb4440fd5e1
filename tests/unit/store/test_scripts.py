"""The Lua steps, put together: each library once, behind what it uses, and what is of one call."""

import re
from importlib.resources import files

import pytest

from tests.support.lua_scopes import Source
from workers.store.step_library import library

FOLDER = files("workers.store") / "lua"


def texts_in(folder):
    return {file.name[:-4]: file.read_text() for file in sorted((FOLDER / folder).iterdir())}


LIBRARIES, STEPS = texts_in("lib"), texts_in("steps")
BLOCK = re.compile(r"^local (\w+) = \(function\(\)$", re.MULTILINE)
WHERE = {found[1]: found.start() for found in BLOCK.finditer(library().text)}


def named(text):
    return re.findall(r"\w+", " ".join(re.findall(r"^--! uses (.+)$", text, re.M)))


def code_of(text):
    return re.sub(r"--.*|'[^'\n]*'", "", text)


def test_all_files_stand_in_the_library_word_for_word():
    for name, text in LIBRARIES.items():
        assert f"local {name} = (function()\n{text}end)()\n" in library().text
    for text in STEPS.values():
        assert f", function(ARGV)\n{text}end)\n" in library().text


def test_a_library_stands_behind_those_that_it_uses_and_once():
    assert [found[1] for found in BLOCK.finditer(library().text)] == [*WHERE]
    assert WHERE.keys() == LIBRARIES.keys()
    for name, text in LIBRARIES.items():
        assert {other for other in named(text) if WHERE[other] >= WHERE[name]} == set(), name


def test_what_makes_the_request_stands_before_all_that_may_read_it():
    first = ["calls", "redis", "gathered", "step", "arrivals", "sliced_request"]
    assert [*WHERE][:6] == first


def test_a_file_names_the_libraries_that_it_uses_and_no_others():
    for name, text in [*STEPS.items(), *LIBRARIES.items()]:
        used = set(re.findall(r"(?<![\w.])(\w+)\.\w+", code_of(text))) & LIBRARIES.keys()
        assert set(named(text)) - {"redis"} == used - {name, "redis"}, name


RETURNED = {name: text.rpartition("\nreturn ")[2] for name, text in LIBRARIES.items()}


@pytest.mark.parametrize("name", [name for name, text in RETURNED.items() if text[0] == "{"])
def test_what_is_used_of_a_library_is_what_it_returns(name):
    there = set(re.findall(r"(\w+) = ", RETURNED[name]))
    for text in [*STEPS.values(), *(text for other, text in LIBRARIES.items() if other != name)]:
        if name in named(text):
            assert set(re.findall(rf"(?<![\w.]){name}\.(\w+)", code_of(text))) <= there


# What is of one call: all are made once, and a value that stays would be that of another call.


def state_of(sources):
    """What a library sets of its own as a call begins: (library, name, field or None)."""
    found = set()
    for name, source in sources.items():
        for use in source.assigned:
            if use.begins and (use.own or use.name == name):
                found.add((name, use.name, use.key))
    return found


def is_of_a_call(name, use, state):
    """A name of the file *name*, or a field of a library, that calls begin with."""
    own = {(name, use.name, None), (name, use.name, use.key)} if use.own else set()
    return bool((own | {(use.name, use.name, use.key)}) & state)


def left_from_the_last_call(name, source, state):
    """
    What *source* assigns as it runs, and no call begins with; of another library it does so also as
    a call begins: that may be one that uses the other library alone.
    """
    for use in source.assigned:
        runs = not use.at_load and not (use.begins and (use.own or use.name == name))
        if runs and (use.own or use.name in LIBRARIES) and not is_of_a_call(name, use, state):
            yield f"{name}:{use.line}: {use.name}{'.' + use.key if use.key else ''}"


def read_too_early(name, source, state):
    """What *source* reads as it is made, when there is no call yet."""
    for use in source.read:
        if use.at_load and is_of_a_call(name, use, state):
            yield f"{name}:{use.line}: {use.name}{'.' + use.key if use.key else ''}"


# `calls` itself keeps what the others give it as they are made.
SOURCES = {name: Source(text) for name, text in LIBRARIES.items() if name != "calls"}


def leaks(sources, steps=()):
    state = state_of(sources)
    found = [
        one
        for name, source in sources.items()
        for one in left_from_the_last_call(name, source, state)
    ]
    found += [
        one for name, source in sources.items() for one in read_too_early(name, source, state)
    ]
    for name, text in dict(steps).items():
        source = Source(f"local function run(ARGV)\n{text}end\n")
        found += left_from_the_last_call(name, source, state)
    return found


def test_a_call_begins_with_all_that_a_library_keeps():
    assert leaks(SOURCES, STEPS) == []

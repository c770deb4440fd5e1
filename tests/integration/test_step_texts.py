"""The Lua steps as the store takes them."""

import itertools
from importlib.resources import files

import pytest

from workers.store.step_library import library

FOLDER = files("workers.store") / "lua"
STEPS = sorted(file.name[:-4] for file in (FOLDER / "steps").iterdir())


@pytest.fixture
def functions(store):
    """The functions of the library in *store*, each with its flags."""
    store.function_load(library().functions, replace=True)
    ((_, _, _, _, _, found),) = store.function_list(library().name)
    return {name: flags for _, name, _, _, _, flags in found}


def test_the_store_takes_all_steps_with_their_flags(functions):
    assert functions == {library().function_of(step): library().flags[step] for step in STEPS}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_begins_with_what_it_does_takes_returns_and_raises(step):
    lines = (FOLDER / "steps" / f"{step}.lua").read_text().splitlines()
    flags = [line for line in lines if line.startswith("--! flags")]
    lines = [line for line in lines if line not in flags]
    head = list(itertools.takewhile(lambda line: line.startswith("-- "), lines))
    places = [
        [n for n, line in enumerate(head) if line.startswith(start)]
        for start in (f"-- {step}: ", "-- ARGV[2]: {", "-- Returns {", "-- Errors: ")
    ]
    assert [len(found) for found in places] == [1, 1, 1, 1]
    assert places[0] == [0]
    assert places == sorted(places)
    assert head[-1].startswith("-- Errors: none") == (flags == ["--! flags allow-oom"])

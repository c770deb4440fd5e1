"""The texts of the Lua steps: what the store is given of the shared files."""

import itertools
from importlib.resources import files

import pytest

from workers.store.scripts import text_of

FOLDER = files("workers.store") / "lua"
TEXTS = [file.read_text() for folder in FOLDER.iterdir() for file in folder.iterdir()]
STEPS = sorted(file.name[:-4] for file in (FOLDER / "steps").iterdir())


@pytest.mark.parametrize("step", STEPS)
def test_the_store_takes_each_step(store, step):
    assert len(store.script_load(text_of(step))) == 40


@pytest.mark.parametrize("step", STEPS)
def test_a_step_begins_with_what_it_does_takes_returns_and_raises(step):
    first, *lines = (FOLDER / "steps" / f"{step}.lua").read_text().splitlines()
    head = list(itertools.takewhile(lambda line: line.startswith("-- "), lines))
    places = [
        [n for n, line in enumerate(head) if line.startswith(start)]
        for start in (f"-- {step}: ", "-- ARGV[2]: {", "-- Returns {", "-- Errors: ")
    ]
    assert [len(found) for found in places] == [1, 1, 1, 1]
    assert places[0] == [0]
    assert places == sorted(places)
    assert head[-1].startswith("-- Errors: none") == ("allow-oom" in first)

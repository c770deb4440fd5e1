"""The texts of the Lua steps: what the store is given of the shared files."""

from importlib.resources import files

import pytest

from workers.store.scripts import text_of

FOLDER = files("workers.store") / "lua"
TEXTS = [file.read_text() for folder in FOLDER.iterdir() for file in folder.iterdir()]
STEPS = sorted(file.name[:-4] for file in (FOLDER / "steps").iterdir())


@pytest.mark.parametrize("step", STEPS)
def test_the_store_takes_each_step(store, step):
    assert len(store.script_load(text_of(step))) == 40

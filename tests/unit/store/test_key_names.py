"""Names of keys: built in one place, and the steps name no other kind."""

import re
from pathlib import Path

import pytest

from workers.store import (
    delivery_keys,
    held_keys,
    keys,
    problem_keys,
    search_keys,
    undo_keys,
    writeback_keys,
)
from workers.store.families import FAMILIES

_MODULES = (keys, delivery_keys, held_keys, problem_keys, search_keys, undo_keys, writeback_keys)
SOURCES = [Path(module.__file__) for module in _MODULES]
LUA = sorted(SOURCES[0].parent.glob("lua/*/*.lua"))
KINDS = {kind for own in FAMILIES.values() for kind in own}
# What a function completes ("kept-{part}") is a beginning.
BUILT = {
    kind
    for source in SOURCES
    for begun in re.findall(r"\{PREFIX\}([a-z-]+)", source.read_text(encoding="utf-8"))
    for kind in ({begun} if begun[-1] != "-" else {k for k in KINDS if k.startswith(begun)})
}
IN_STEPS_ALONE = {
    kind
    for line in keys.__doc__.splitlines()
    if line.startswith("- ")
    for kind in re.findall(r"``([a-z-]+)[:`]", line)
}


def kinds_in(text):
    """The kinds of keys that a Lua file names, in whatever way."""
    return set(re.findall(r"\bP\s*\.\.\s*['\"]([a-z-]+)", text)) | set(
        re.findall(r"instep:([a-z-]+)", text)
    )


def test_the_steps_name_keys_that_stand_here():
    named = {path.stem: kinds_in(path.read_text(encoding="utf-8")) for path in LUA}
    strange = {file: kinds - BUILT - IN_STEPS_ALONE for file, kinds in named.items()}
    assert {file: kinds for file, kinds in strange.items() if kinds} == {}


def test_the_kinds_of_the_steps_are_found():
    named = set().union(*(kinds_in(path.read_text(encoding="utf-8")) for path in LUA))
    assert {"item", "ids", "seen", "arrival", "tombstones"} <= named
    assert not BUILT & IN_STEPS_ALONE
    assert named >= IN_STEPS_ALONE


CHANNELS = {"live-feed"}  # hold nothing


def test_every_kind_of_key_is_of_a_family():
    kinds = sorted((BUILT | IN_STEPS_ALONE) - CHANNELS)
    of = {kind: [name for name, own in FAMILIES.items() if kind in own] for kind in kinds}
    assert {kind: families for kind, families in of.items() if len(families) != 1} == {}


@pytest.mark.parametrize(
    ("built", "name"),
    [
        (keys.item("products", "A:1"), "instep:item:products:A:1"),
        (keys.due("products", "live"), "instep:due:products:live"),
        (keys.due("products", "live", "room"), "instep:due:products:live:room"),
        (keys.index("products", "c", "filter"), "instep:index:products:c:filter"),
        (keys.item_ids("products", "c"), "instep:ids:products:c"),
        (keys.kept("erp"), "instep:kept:erp"),
        (keys.kept("erp", "words"), "instep:kept-words:erp"),
        (keys.fetches("api", "failing"), "instep:fetches-failing:api"),
        (keys.LETTERS_CLOSED, "instep:letters:closed"),
        (keys.every("item"), "instep:item:*"),
    ],
)
def test_a_key_is_named_as_it_has_always_been(built, name):
    assert built == name


def test_a_key_is_taken_apart_at_its_kind():
    assert keys.kind_of("instep:item:products:A:1") == "item"
    assert keys.rest_of("instep:item:products:A:1") == "products:A:1"
    assert keys.kind_of("instep:arrival") == "arrival"

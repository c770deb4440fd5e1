"""What a process has from the one that forked it, whose memory it shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from workers.config.loader import load
from workers.config.settings import Settings

Kind = TypeVar("Kind")

_left: list[object] = []


def leave(*objects: object) -> None:
    """Leave *objects*, of different kinds, to the processes forked from now on."""
    _left.extend(objects)


@contextmanager
def left_to_children(*objects: object) -> Iterator[None]:
    """Leave *objects* to the processes forked meanwhile."""
    leave(*objects)
    try:
        yield
    finally:
        _left.clear()


def inherited(kind: type[Kind]) -> Kind | None:
    """Return what the process has left of this *kind* that forked this one."""
    return next((each for each in _left if isinstance(each, kind)), None)


def settings_of_process() -> Settings:
    """
    Return the settings that were left to this process, else those of the environment.

    Raises:
        ConfigurationInvalid: With every problem of instep.toml.
    """
    return inherited(Settings) or load(os.environ)

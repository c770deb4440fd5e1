"""The configuration that a process has from the one that forked it, whose memory it shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workers.config.loader import load
from workers.config.settings import Settings

if TYPE_CHECKING:  # a worker that has none reads its settings without senders and mappings
    from service.config.build import Configuration

_left: list[Configuration] = []


@contextmanager
def left_to_children(configuration: Configuration) -> Iterator[None]:
    """Leave *configuration* to the processes forked meanwhile."""
    _left.append(configuration)
    try:
        yield
    finally:
        _left.clear()


def inherited() -> Configuration | None:
    """Return the configuration that the process has left that forked this one."""
    return _left[0] if _left else None


def settings_of_process() -> Settings:
    """
    Return the settings that were left to this process, else those of the environment.

    Raises:
        ConfigurationInvalid: With every problem of instep.toml.
    """
    return _left[0].settings if _left else load(os.environ)

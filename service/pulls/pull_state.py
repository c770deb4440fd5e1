"""
What the store keeps of a pull between its runs.

`keys.pulled` is a hash: since when the next run of ``since`` asks (s since 1970), the ``etag`` and
``last-modified`` of the last complete reading with the ``fingerprint`` of what they hold for, and
the time that the source asked to be left alone until (``not_before``). All of it saves calls alone:
without it everything is read anew. When a pull last ran is kept as of a reconcile
(`service.reconcile.state.past_runs`), under `place_of` its name.

Raises (every function):
    StoreUnavailable: The store did not answer.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import redis

from service.mapping.registry import Mappings
from service.reconcile.lock import RunLock
from service.reconcile.state import past_runs
from workers.config.pull import Pull
from workers.config.settings import Settings
from workers.store import keys
from workers.store.connection import guarded

_VALIDATORS: Final = ("etag", "last-modified")
LONGEST_REST: Final = 24 * 3600.0  # s for which a source is left alone, whatever it asks for


@dataclass(frozen=True, slots=True)
class PullState:
    """
    What the last complete run left.

    Args:
        since: When it started; None: there was none.
        validators: For a conditional request; empty: none that still hold.
    """

    since: datetime | None = None
    validators: Mapping[str, str] = field(default_factory=dict)


def place_of(name: str) -> str:
    """Return the name under which the last run of the pull *name* is kept, and its lock."""
    return f"pull:{name}"  # no collection can be called so


def scheduled_pulls(settings: Settings) -> tuple[Pull, ...]:
    """Return the pulls that have a time."""
    return tuple(pull for pull in settings.pulls.values() if pull.every or pull.at)


def last_pulls(client: redis.Redis, pulls: Iterable[Pull]) -> dict[str, dict[str, Any]]:
    """Return the last run of each of *pulls*, and when the next is due."""
    return {pull.name: past_runs.run_of(client, place_of(pull.name), pull) for pull in pulls}


def read(client: redis.Redis, pull: Pull, fingerprint: str) -> PullState:
    """
    Return the state; that of another configuration or mapping holds no longer, nor does one that
    was kept by a clock that was ahead: what changed until then would never be asked for.
    """
    with guarded():
        held = {str(k): str(v) for k, v in client.hgetall(keys.pulled(pull.name)).items()}
    if held.get("fingerprint") != fingerprint:
        return PullState()
    since = datetime.fromtimestamp(float(held["since"]), UTC)
    if since > datetime.now(UTC):
        return PullState()
    return PullState(since, {key: held[key] for key in _VALIDATORS if key in held})


def keep(
    lock: RunLock, name: str, began: datetime, validators: Mapping[str, str], fingerprint: str
) -> None:
    """Record a complete run, unless its lock is lost."""
    held: dict[Any, Any] = {"since": began.timestamp(), "fingerprint": fingerprint, **validators}

    def write(commands: Any) -> None:
        commands.delete(keys.pulled(name))
        commands.hset(keys.pulled(name), mapping=held)

    lock.write(write)


def note_refused(client: redis.Redis, name: str, seconds: float) -> None:
    """Record that the source asked to be left alone for *seconds*, of which a day counts."""
    until = time.time() + min(seconds, LONGEST_REST)
    with guarded():
        client.hset(keys.pulled(name), "not_before", str(until))


def not_before(client: redis.Redis, name: str) -> datetime | None:
    """
    Return until when the source asked to be left alone; None: it did not, or by a clock that was
    set since.
    """
    with guarded():
        held = client.hget(keys.pulled(name), "not_before")
    if held is None or float(held) > time.time() + LONGEST_REST:
        return None
    return datetime.fromtimestamp(float(held), UTC)


def fingerprint_of(pull: Pull, mappings: Mappings, folder: Path) -> str:
    """
    Return a digest of *pull* and of the code of its mappings, beside which *folder* has
    instep.toml: what was read holds for these alone.
    """
    whole = hashlib.sha256()
    for name in pull.__slots__:
        whole.update(repr(getattr(pull, name)).encode() + b"\n")
    for path in sorted(_code(pull, mappings, folder)):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _code(pull: Pull, mappings: Mappings, folder: Path) -> Iterator[Path]:
    """Yield the files of the mappings that read *pull*, and what they may share beside them."""
    rules = [rule for rule in mappings.rules if rule.options.source == pull.name]
    names = {folder / rule.file for rule in rules}
    modules = {type(rule.schema).__module__ for rule in rules}
    here = folder.resolve()  # once: there are a thousand modules and more
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and (name in modules or Path(file).parent == here):
            names.add(Path(file))
    return (path for path in names if path.is_file())

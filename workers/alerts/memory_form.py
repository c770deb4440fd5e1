"""The stored form of what is remembered; what cannot be read counts as never seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from workers.alerts.rules import Memory, Tracked, id_of
from workers.alerts.silence import Habit, Habits

T = TypeVar("T")


def dump_memory(memory: Memory) -> dict[str, Any]:
    causes = [asdict(each) | {"parts": sorted(each.parts)} for each in memory.causes.values()]
    return {"causes": causes, "sent": list(memory.sent)}


def load_memory(held: Mapping[str, Any]) -> Memory:
    causes = held.get("causes")
    tracked = [_read(_tracked, each) for each in causes] if isinstance(causes, list) else []
    sent = held.get("sent")
    times = [at for at in sent if isinstance(at, (int, float))] if isinstance(sent, list) else []
    return Memory({id_of(each): each for each in tracked if each}, tuple(times))


def dump_habits(habits: Habits) -> dict[str, Any]:
    return {name: asdict(habit) for name, habit in habits.items()}


def load_habits(held: Mapping[str, Any]) -> Habits:
    found = {name: _read(lambda each: Habit(**each), each) for name, each in held.items()}
    return {name: habit for name, habit in found.items() if habit}


def _tracked(held: Mapping[str, Any]) -> Tracked:
    return Tracked(**{**held, "parts": frozenset(held["parts"])})


def _read(build: Callable[[Any], T], held: Any) -> T | None:
    try:
        return build(held)
    except (TypeError, KeyError):
        return None  # of another release

"""
Open dead letters, grouped by cause.

Steps list a letter that they open as ungrouped (``letter_groups.lua``); here its cause is read and
the letter put into its group, some at a time, by whoever comes by. Numbers are counted from the
sets of letters, so that they are right whatever was interrupted. Letters of an older release are
found by comparing sums (`audit`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from workers.model.problem_words import said_once
from workers.store import keys, problem_keys
from workers.store.connection import guarded
from workers.store.letter_causes import nothing, told
from workers.store.scripts import Steps

State = Literal["open", "seen", "ignored"]

STATES: Final = ("open", "seen", "ignored")
MOST: Final = 1000  # groups; other causes of a kind share one beyond that
SLICE: Final = 50  # letters grouped by one step
AUDITED: Final = 500  # letters of one slice of an audit
_LARGE: Final = 300  # entries of a letter that is not read whole
_READ: Final = (
    *("kind", "state", "collection", "source", "key", "record", "item", "events"),
    *("problems", "message", "status", "code"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Open letters of one cause. *title*: the words of their messages."""

    id: str
    kind: str
    where: str
    collection: str | None
    source: str | None
    fields: tuple[str, ...]
    status: int | None
    code: str | None
    title: str
    state: State
    by: str | None  # who marked it seen or ignored
    at: datetime | None  # when
    letters: int
    since: datetime | None  # when the oldest was opened
    newest: datetime | None
    example: str | None  # id of the newest


@dataclass(frozen=True, slots=True)
class Listed:
    """What lists of groups are sorted and filtered by; *since*: ms, when its oldest was opened."""

    id: str
    letters: int
    state: str
    kind: str
    collection: str | None
    source: str | None
    since: float

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands in a list: the largest first."""
        return -self.letters, self.id


class ProblemGroups:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    # grouping -----------------------------------------------------------------------------------

    def group_some(self, most: int = SLICE) -> int:
        """Group up to *most* letters; return how many were grouped."""
        with guarded():
            last = max(1, min(most, SLICE)) - 1
            ids = [str(id) for id in self.steps.client.zrange(problem_keys.UNGROUPED, 0, last)]
        if not ids:
            return 0
        letters = [told(id, held) for id, held in self._read(ids)]
        # A letter that is gone is open no more: the step takes it off the list.
        letters += [nothing(id) for id in {*ids} - {letter["id"] for letter in letters}]
        answer = self.steps.run("group_letters", {"letters": letters, "most": MOST})
        return int(answer["grouped"])

    def group(self, most: int) -> int:
        """Group up to *most* letters, in slices; return how many are left."""
        done = 0
        while done < most and (grouped := self.group_some(most - done)):
            done += grouped
        return self.ungrouped()

    def ungrouped(self) -> int:
        with guarded():
            return int(self.steps.client.zcard(problem_keys.UNGROUPED))

    def audit(self) -> bool:
        """
        Compare groups and open letters; if an older release opened or closed some, list those as
        ungrouped, and drop these. Returns whether anything was corrected.
        """
        groups = self._ids()
        with guarded(), self.steps.client.pipeline(transaction=True) as pipeline:
            pipeline.zcard(keys.LETTERS)
            pipeline.zcard(problem_keys.UNGROUPED)
            for group in groups:
                pipeline.zcard(problem_keys.letters_of(group))
            letters, ungrouped, *counts = pipeline.execute()
        if letters == ungrouped + sum(counts):
            return False
        for ids in self._pages(keys.LETTERS):
            self._correct(ungrouped=self._without_group(ids))
        for group in groups:
            for ids in self._pages(problem_keys.letters_of(group)):
                self._correct(gone=[(group, id) for id in self._not_in(group, ids)])
        return True

    def _correct(self, ungrouped: Sequence[str] = (), gone: Sequence[tuple[str, str]] = ()) -> None:
        for start in range(0, max(len(ungrouped), len(gone)), SLICE):
            request = {"letters": [], "most": MOST, "ungrouped": ungrouped[start : start + SLICE]}
            self.steps.run("group_letters", request | {"gone": gone[start : start + SLICE]})

    def _pages(self, key: str) -> Iterator[list[str]]:
        """Yield the members of *key*, some at a time."""
        with guarded():
            ids = [str(id) for id in self.steps.client.zrange(key, 0, -1)]
        for start in range(0, len(ids), AUDITED):
            yield ids[start : start + AUDITED]

    def _without_group(self, ids: Sequence[str]) -> list[str]:
        with guarded(), self.steps.client.pipeline(transaction=False) as pipeline:
            for id in ids:
                pipeline.hget(keys.letter(id), "group")
                pipeline.zscore(problem_keys.UNGROUPED, id)
            found = pipeline.execute()
        pairs = zip(ids, found[::2], found[1::2], strict=True)
        return [id for id, group, listed in pairs if group is None and listed is None]

    def _not_in(self, group: str, ids: Sequence[str]) -> list[str]:
        with guarded(), self.steps.client.pipeline(transaction=False) as pipeline:
            for id in ids:
                pipeline.hmget(keys.letter(id), ["state", "group"])
            found = pipeline.execute()
        return [id for id, held in zip(ids, found, strict=True) if held != ["open", group]]

    def _read(self, ids: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
        with guarded(), self.steps.client.pipeline(transaction=False) as pipeline:
            for id in ids:
                pipeline.hlen(keys.letter(id))
            sizes = pipeline.execute()
            for id, size in zip(ids, sizes, strict=True):
                if size > _LARGE:
                    pipeline.hmget(keys.letter(id), list(_READ))
                else:
                    pipeline.hgetall(keys.letter(id))
            found = pipeline.execute()
        for id, size, held in zip(ids, sizes, found, strict=True):
            if size:
                read = dict(zip(_READ, held, strict=True)) if isinstance(held, list) else held
                yield id, {name: value for name, value in read.items() if value is not None}

    # reading ------------------------------------------------------------------------------------

    def read(self) -> list[Group]:
        """Return all groups that have letters, largest first."""
        found = self._groups(self._ids())
        return sorted(found, key=lambda group: (-group.letters, group.id))

    def show(self, group: str) -> Group | None:
        return next(iter(self._groups([group])), None)

    def ignored(self) -> list[Group]:
        """Return the ignored groups, also those without letters."""
        with guarded():
            ids = self.steps.client.zrange(problem_keys.IGNORED, 0, -1)
        return self._groups([str(id) for id in ids])

    def letters(self, group: str) -> list[str]:
        """Return the ids of its open letters, oldest first."""
        with guarded():
            return [
                str(id) for id in self.steps.client.zrange(problem_keys.letters_of(group), 0, -1)
            ]

    def listed(self, since: datetime | None = None) -> list[Listed]:
        """Return all groups that have letters, largest first; *since*: opened since then."""
        request = {"since": since and since.timestamp() * 1000}
        # Without any, an empty Lua table is an object in JSON.
        found = self.steps.run("list_problems", request)["groups"] or []
        groups = [
            Listed(id, letters, state, kind, collection or None, source or None, ms)
            for id, letters, state, kind, collection, source, ms in found
            if letters
        ]
        return sorted(groups, key=lambda group: group.place)

    def show_all(self, groups: Sequence[str]) -> list[Group]:
        """Return those of *groups* that exist, in their order."""
        return self._groups(groups)

    def words(self, groups: Sequence[str]) -> dict[str, str]:
        """Return for each of *groups* its title, fields and code, as text to search in."""
        with guarded(), self.steps.client.pipeline(transaction=False) as pipeline:
            for group in groups:
                pipeline.hmget(problem_keys.problem(group), ["title", "fields", "code"])
            found = pipeline.execute()
        return {
            group: "\n".join(text or "" for text in held)
            for group, held in zip(groups, found, strict=True)
        }

    def opened_since_mark(self, groups: Sequence[Group]) -> list[int]:
        """Return for each group how many letters were opened since somebody marked it."""
        with guarded(), self.steps.client.pipeline(transaction=False) as pipeline:
            for group in groups:
                since = f"({group.at.timestamp() * 1000:.0f}" if group.at else "-inf"
                pipeline.zcount(problem_keys.letters_of(group.id), since, "+inf")
            return [int(number) for number in pipeline.execute()]

    def mark(self, group: str, state: State, by: str) -> bool:
        """Say that *by* has seen it, or ignores it; False: there is no such group."""
        request = {"token": uuid.uuid4().hex, "group": group, "state": state, "by": by}
        return bool(self.steps.run("mark_problem", request)["done"])

    def _ids(self) -> list[str]:
        with guarded():
            return [str(id) for id in self.steps.client.zrange(problem_keys.PROBLEMS, 0, -1)]

    def _groups(self, ids: Sequence[str]) -> list[Group]:
        with guarded(), self.steps.client.pipeline(transaction=False) as pipeline:
            for id in ids:
                pipeline.hgetall(problem_keys.problem(id))
                pipeline.zcard(problem_keys.letters_of(id))
                pipeline.zrange(problem_keys.letters_of(id), 0, 0, withscores=True)
                pipeline.zrange(problem_keys.letters_of(id), -1, -1, withscores=True)
            found = iter(pipeline.execute())
        groups = [_group(id, *(next(found) for _ in range(4))) for id in ids]
        return [group for group in groups if group is not None]


def _group(
    id: str,
    held: Mapping[str, str],
    letters: int,
    first: Sequence[tuple[str, float]],
    last: Sequence[tuple[str, float]],
) -> Group | None:
    if not held:
        return None
    state = held.get("state")
    return Group(
        id=id,
        kind=held["kind"],
        where=held["where"],
        collection=held.get("collection") or None,
        source=held.get("source") or None,
        fields=tuple(json.loads(held.get("fields", "[]"))),
        status=int(held["status"]) if held.get("status") else None,
        code=held.get("code") or None,
        title=said_once(held["title"]),  # of older releases
        state="seen" if state == "seen" else "ignored" if state == "ignored" else "open",
        by=held.get("by") or None,
        at=_moment(float(held["at"])) if held.get("at") else None,
        letters=letters,
        since=_moment(first[0][1]) if first else None,
        newest=_moment(last[0][1]) if last else None,
        example=last[0][0] if last else None,
    )


def _moment(ms: float) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)

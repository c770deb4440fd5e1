"""One compiled mapping: reads an event, and returns its changes and problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.mapping import record_keys as records
from service.mapping import text_cells
from service.mapping.base import Mapping
from service.mapping.display import found
from service.mapping.field_bindings import Target
from service.mapping.field_paths import Fields
from service.mapping.field_values import FieldReader, problem, would_write
from service.mapping.meta import MetaOptions
from service.mapping.paths import Path
from workers.errors import Problem
from workers.model.changes import Change, Fetch, FieldProblem, LeftOut, Placed
from workers.model.retirement import GONE
from workers.webflow.item_keys import joined


@dataclass(slots=True)
class Element:
    """
    The result for an event, or for one element of ``each``.

    Args:
        change: May be without fields; None: all of it is left out, or there is none.
        left: The values left out, as far as known.
        index: Of the element; None without ``each``.
    """

    change: Change | None = None
    problems: list[FieldProblem] = field(default_factory=list)
    left: list[LeftOut] = field(default_factory=list)
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A mapping, ready to read events.

    Args:
        name: Of the class.
        file: As instep.toml names it.
        schema: Loading keeps no state in it, so threads may share it.
    """

    name: str
    file: str
    options: MetaOptions
    schema: Mapping
    targets: tuple[Target, ...]
    fields: Fields = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", Fields(self.name, self.schema, self.targets))

    def problem(self, part: str, found: str, expected: str, do: str) -> Problem:
        """Return a problem of one *part*: a field, or an option as ``Meta.key``."""
        return Problem(f"{self.file}: {self.name}.{part}", found, expected, do)

    def elements(
        self,
        payload: Any,
        version: str | None,
        problems: list[FieldProblem],
        placed: Placed = "arrival",
    ) -> Sequence[Element]:
        """
        Return what *payload* asks for; add to *problems* why it cannot be split into elements.
        ``Meta.version`` overrides *version*, the event's own, beside which *placed* orders it.
        """
        if self.options.each is None:
            return (self._element(payload, version, placed),)
        elements: list[Element] = []
        for index, root in self._roots(payload, problems):
            element = self._element(root, version, placed)
            element.index = index
            place = f"element {index}: "
            element.problems = [problem(p.path, place + p.message) for p in element.problems]
            elements.append(element)
        return elements

    def records(self, payload: Any) -> Iterator[str]:
        """Yield every readable key, or item id, in *payload*, whatever ``when`` says."""
        for _, root in self._roots(payload, []):
            record = self._key(root, [])
            if record is not None:
                yield record

    def takes(self, payload: Any) -> bool:
        """Whether ``each`` and ``when`` let anything in *payload* through."""
        return any(self._when(root, []) for _, root in self._roots(payload, []))

    def fetches(self, payload: Any, problems: list[FieldProblem]) -> Iterator[Fetch]:
        """Yield the fetches for the notice *payload*; add what is wrong to *problems*."""
        fetching = self.options.fetching
        if fetching is None:
            return
        try:
            for object in records.objects(fetching.object.read(payload)):
                yield Fetch(fetching.name, object)
        except ValueError as error:
            problems.append(problem(fetching.object.text, str(error)))

    def _roots(
        self, payload: Any, problems: list[FieldProblem]
    ) -> Iterator[tuple[int | None, Any]]:
        path = self.options.each
        if path is None:
            yield None, payload
            return
        elements = _evaluate(path, payload, problems)
        if not isinstance(elements, list | None):
            problems.append(problem(path.text, f"found {found(elements)}; expected a list"))
            return
        for index, element in enumerate(elements or ()):
            yield index, {"each": element, "event": payload}

    def _element(self, root: Any, own: str | None, placed: Placed) -> Element:
        problems: list[FieldProblem] = []
        if not self._when(root, problems):
            # A failing filter is the only problem to report; the rest just names what is left out.
            if not problems:
                return Element()
            record, version = self._key(root, []), self._version(root, own, [])
            return Element(None, problems, self._left(root, record, version))
        record, shown = self._key_as_it_came(root, problems)
        version = self._version(root, own, problems)
        reader = FieldReader(self.fields, root)
        fields = reader.values()
        if problems or fields is None or record is None:
            return Element(None, problems + reader.problems, self._left(root, record, version))
        left = [self._left_out(record, target.slug, version) for target in reader.out.values()]
        # A version set by the mapping is not related to the previous row.
        if placed == "after" and version != own:
            placed = "arrival"
        options = self.options
        change = Change(
            self.name,
            options.collection,
            record,
            options.by,
            fields,
            version,
            shown=shown,
            retire=options.on_delete,
            placed=placed,
        )
        return Element(change, reader.problems, left)

    def _left(self, root: Any, record: str | None, version: str | None) -> list[LeftOut]:
        """Return everything that the change of *root* would have written."""
        if record is None:
            return []
        if self.options.on_delete is not None:
            return [self._left_out(record, GONE, version)]
        # The result of a hook is unknown.
        targets = self.targets if self.fields.hooked else would_write(self.targets, root)
        return [self._left_out(record, target.slug, version) for target in targets]

    def _left_out(self, record: str, slug: str, version: str | None) -> LeftOut:
        return LeftOut(self.options.collection, record, self.options.by, slug, version)

    def _version(self, root: Any, version: str | None, problems: list[FieldProblem]) -> str | None:
        if self.options.version is None:
            return version
        return _record(self.options.version, text_cells.typed(root), records.version, problems)

    def _when(self, root: Any, problems: list[FieldProblem]) -> bool:
        path = self.options.when
        return path is None or _true(_evaluate(path, root, problems))

    def _key(self, root: Any, problems: list[FieldProblem]) -> str | None:
        return self._key_as_it_came(root, problems)[0]

    def _key_as_it_came(
        self, root: Any, problems: list[FieldProblem]
    ) -> tuple[str | None, str | None]:
        """Return the key in its compared form, and as it came if that differs."""
        options = self.options
        if options.by == "item":
            return _record(options.record[0], root, records.item, problems), None
        parts = [_record(path, root, records.as_it_came, problems) for path in options.record]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None, None
        try:
            record, shown = records.composite(known), joined(known)
        except ValueError as error:
            problems.append(problem(", ".join(path.text for path in options.record), str(error)))
            return None, None
        return record, shown if shown != record else None


def _record(path: Path, root: Any, as_text: Any, problems: list[FieldProblem]) -> str | None:
    try:
        return str(as_text(text_cells.read(path, root)))
    except ValueError as error:
        problems.append(problem(path.text, str(error)))
        return None


def _evaluate(path: Path, root: Any, problems: list[FieldProblem]) -> Any:
    try:
        return text_cells.evaluate(path, root)
    except ValueError as error:
        problems.append(problem(path.text, str(error)))
        return None


def _true(value: Any) -> bool:
    # 0 is true to JMESPath, and False == 0 in Python.
    return not (value is None or value is False or value == "" or value == [] or value == {})

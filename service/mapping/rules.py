"""
One mapping, compiled: reads an event and says what changes, or every reason why not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, missing

from service.mapping import cells, records, values
from service.mapping.base import Mapping
from service.mapping.found import found, plain
from service.mapping.options import Options
from service.mapping.paths import Path
from service.mapping.targets import Target
from workers.changes import Change, Fetch, FieldProblem, FieldValue


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Args:
        name: Of the class.
        file: That defines it, as instep.toml names it.
        schema: The one instance; loading keeps no state in it, so threads may share it.
    """

    name: str
    file: str
    options: Options
    schema: Mapping
    targets: tuple[Target, ...]

    def changes(
        self, payload: Any, version: str | None, problems: list[FieldProblem]
    ) -> Iterator[Change]:
        """
        Yield the changes that *payload* asks for; add what is wrong with it to *problems*.

        Args:
            version: The event's own; ``Meta.version`` beats it.
        """
        for place, root in self._roots(payload, problems):
            own: list[FieldProblem] = []
            change = self._change(root, version, own)
            problems += [problem(p.path, f"{place}{p.message}") for p in own] if place else own
            if change is not None and (change.fields or change.retire):
                yield change

    def records(self, payload: Any) -> Iterator[str]:
        """Yield every key, or item id, that can be read in *payload*, whatever ``when`` says."""
        for _, root in self._roots(payload, []):
            record = self._key(root, [])
            if record is not None:
                yield record

    def takes(self, payload: Any) -> bool:
        """Whether there is anything in *payload* that ``each`` and ``when`` let through."""
        return any(self._when(root, []) for _, root in self._roots(payload, []))

    def fetches(self, payload: Any, problems: list[FieldProblem]) -> Iterator[Fetch]:
        """Yield what the notice *payload* asks to be fetched; add what is wrong to *problems*."""
        fetching = self.options.fetching
        if fetching is None:
            return
        try:
            for object in records.objects(fetching.object.read(payload)):
                yield Fetch(fetching.name, object)
        except ValueError as error:
            problems.append(problem(fetching.object.text, str(error)))

    def _roots(self, payload: Any, problems: list[FieldProblem]) -> Iterator[tuple[str, Any]]:
        path = self.options.each
        if path is None:
            yield "", payload
            return
        elements = _evaluate(path, payload, problems)
        if not isinstance(elements, list | None):
            problems.append(problem(path.text, f"found {found(elements)}; expected a list"))
            return
        for index, element in enumerate(elements or ()):
            yield f"element {index}: ", {"each": element, "event": payload}

    def _change(
        self, root: Any, version: str | None, problems: list[FieldProblem]
    ) -> Change | None:
        options = self.options
        if not self._when(root, problems):
            return None
        record = self._key(root, problems)
        if options.version is not None:
            version = _record(options.version, cells.typed(root), records.version, problems)
        fields = tuple(self._fields(root, problems))
        if record is None or problems:
            return None
        return Change(
            self.name,
            options.collection,
            record,
            options.by,
            fields,
            version,
            retire=options.on_delete,
        )

    def _when(self, root: Any, problems: list[FieldProblem]) -> bool:
        path = self.options.when
        return path is None or _true(_evaluate(path, root, problems))

    def _key(self, root: Any, problems: list[FieldProblem]) -> str | None:
        options = self.options
        if options.by == "item":
            return _record(options.record[0], root, records.item, problems)
        parts = [_record(path, root, records.key, problems) for path in options.record]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        try:
            return records.composite(known)
        except ValueError as error:
            problems.append(problem(", ".join(path.text for path in options.record), str(error)))
            return None

    def _fields(self, root: Any, problems: list[FieldProblem]) -> Iterator[FieldValue]:
        read = self._read(root, problems)
        loaded = self._load(read, problems)
        for target in self.targets:
            if target.attribute not in loaded:
                continue
            value = loaded.pop(target.attribute)
            try:
                if value is None and not target.clears:
                    raise ValueError("is null; allow_none=True lets null clear the field")
                text = values.text(None if value is None else target.write(value))
            except Exception as error:  # a field of the user's own may raise anything
                raw = found(read.get(target.path.text))
                problems.append(problem(target.path.text, f"{_reason(error)}; found {raw}"))
            else:
                yield FieldValue(target.slug, text, target.type)
        problems += (problem(self.name, f"a hook added {name!r}, no field") for name in loaded)

    def _read(self, root: Any, problems: list[FieldProblem]) -> dict[str, Any]:
        read: dict[str, Any] = {}
        firm = {target.path.text for target in self.targets if not target.clears}
        for target in self.targets:
            if target.path.text in read:
                continue
            try:
                value = cells.read(target.path, root, clears=target.path.text not in firm)
            except ValueError as error:
                problems.append(problem(target.path.text, str(error)))
                continue
            if value is not missing:
                read[target.path.text] = value
        return read

    def _load(self, read: dict[str, Any], problems: list[FieldProblem]) -> dict[str, Any]:
        try:
            loaded = self.schema.load(read)
        except ValidationError as error:
            problems += self._told(error, read)
            loaded = error.valid_data or {}
        except Exception as error:  # marshmallow lets through what a validator or hook raises
            loaded, told = self._load_singly(read)
            problems += told or [problem(self.name, _reason(error))]
        if not isinstance(loaded, dict):
            problems.append(problem(self.name, f"a hook returned {type(loaded).__name__}"))
            return {}
        return dict(loaded)

    def _load_singly(self, read: dict[str, Any]) -> tuple[Any, list[FieldProblem]]:
        problems: list[FieldProblem] = []
        for path, value in read.items():
            try:
                self.schema.load({path: value})
            except ValidationError as error:
                problems += self._told(error, read)
            except Exception as error:
                problems.append(problem(path, f"{_reason(error)}; found {found(value)}"))
        return {}, problems

    def _told(self, error: ValidationError, read: dict[str, Any]) -> Iterator[FieldProblem]:
        told: dict[Any, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
        for name, messages in told.items():
            path = self.name if name == "_schema" else str(name)
            tail = f"; found {found(read[path])}" if path in read else ""
            for message in _flat(messages):
                yield problem(path, message.rstrip(".") + tail)


def problem(path: str, message: str) -> FieldProblem:
    """Return a problem that can be kept and shown: short, and valid Unicode."""
    return FieldProblem(plain(path), plain(message))


def _record(path: Path, root: Any, as_text: Any, problems: list[FieldProblem]) -> str | None:
    try:
        return str(as_text(cells.read(path, root)))
    except ValueError as error:
        problems.append(problem(path.text, str(error)))
        return None


def _evaluate(path: Path, root: Any, problems: list[FieldProblem]) -> Any:
    try:
        return cells.evaluate(path, root)
    except ValueError as error:
        problems.append(problem(path.text, str(error)))
        return None


def _true(value: Any) -> bool:
    # 0 is true to JMESPath, and False == 0 in Python.
    return not (value is None or value is False or value == "" or value == [] or value == {})


def _reason(error: Exception) -> str:
    return str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"


def _flat(messages: Any, place: str = "") -> Iterator[str]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            step = f"element {name}: " if isinstance(name, int) else f"{name}: "
            yield from _flat(inner, place + step)
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from _flat(inner, place)
    else:
        yield f"{place}{messages}"

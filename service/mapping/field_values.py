"""
The values of one change: what its fields can read in a payload, and why not the rest.

A failed field is removed and the rest is loaded again, so that every hook and check of marshmallow
runs on what is accepted: its ``valid_data`` has not been through ``post_load``. An error without a
field, or a second failure, discards the whole change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import Any

from marshmallow import ValidationError, missing

from service.mapping import alternative_texts, text_cells
from service.mapping import serializers as values
from service.mapping.base import Mapping
from service.mapping.display import found, plain, reason
from service.mapping.field_bindings import Target
from service.mapping.field_paths import Fields
from workers.model.changes import FieldProblem, FieldValue


class FieldReader:
    """
    One payload, read by the fields of one mapping.

    Attributes:
        problems: Why parts of it are left out.
        out: The targets left out, by name.
    """

    def __init__(self, fields: Fields, root: object) -> None:
        self.problems: list[FieldProblem] = []
        self.out: dict[str, Target] = {}
        self._fields = fields
        self._name = fields.name
        self._schema = fields.schema
        self._targets = fields.targets
        self._alts: dict[str, Any] = {}
        self._data = self._read(root)

    def values(self) -> tuple[FieldValue, ...] | None:
        """Return the acceptable values; None: the whole change is left out."""
        loaded = self._load()
        if loaded is None and self._failed:
            loaded = self._without(self._failed)
        if loaded is None:
            return None
        written = self._write(loaded)
        if written is None and self._failed:
            loaded = self._without(self._failed)
            written = None if loaded is None else self._write(loaded)
        return written

    def _read(self, root: object) -> dict[str, Any]:
        data: dict[str, Any] = {}
        self._absent: set[str] = set()
        for text, place in self._fields.paths.items():
            path = place.path
            try:
                value = text_cells.read(path, root, clears=place.clears, whole=place.whole)
            except ValueError as error:
                self._report(text, str(error))
                self._take_out(place.targets)
                continue
            if value is None and path.steps is None:
                # Null clears if allowed; if not, a null expression counts as absent.
                if not place.may_clear:
                    continue
                self._absent |= {t.name for t in place.targets if not t.clears}
            if value is not missing:
                data[text] = value
        self._read_alts(root)
        return data

    def _read_alts(self, root: object) -> None:
        for target, path in self._fields.alts:
            if target.name in self.out:
                continue
            try:
                self._alts[target.name] = alternative_texts.texts(text_cells.read(path, root))
            except ValueError as error:
                self._report(path.text, str(error))
                self._take_out([target])

    def _without(self, failed: list[Target]) -> dict[str, Any] | None:
        self._take_out(failed)
        return self._load() if len(self.out) < len(self._targets) else {}

    def _load(self) -> dict[str, Any] | None:
        """Return the loaded data; None: it failed, on the fields in ``_failed``."""
        self._failed: list[Target] = []
        if (plain := self._loaded()) is not None:
            return plain
        data = self._rest_of_data()
        try:
            loaded = self._rest().load(data)
        except ValidationError as error:
            self._failed = self._judge(error, data)
            return None
        except Exception as error:  # marshmallow lets exceptions of validators and hooks through
            self._failed = self._find(data)
            if not self._failed:
                self._report(self._name, _reason(error))
            return None
        if not isinstance(loaded, dict):
            self._report(self._name, f"a hook returned {type(loaded).__name__}")
            return None
        return dict(loaded)

    def _loaded(self) -> dict[str, Any] | None:
        """
        Return what the fields load where nothing is left out, none fails, and the schema adds
        nothing to them; None: that is for its own ``load``, with its messages, at twice the time.
        """
        parts = self._fields.parts
        if parts is None or self._absent or self.out:
            return None
        data = dict(self._data)  # a user's field may change it
        try:
            return {
                attribute: field.deserialize(data[path], path, data, partial=True)
                for attribute, path, field in parts
                if path in data
            }
        except Exception:  # a user's field may raise anything
            return None

    def _rest(self) -> Mapping:
        """Return the schema without the fields left out, so that a hook cannot restore them."""
        gone = self._absent | self.out.keys()
        if not gone:
            return self._schema
        rest = copy(self._schema)
        fields = {name: each for name, each in rest.fields.items() if name not in gone}
        rest.fields = rest.load_fields = fields
        return rest

    def _rest_of_data(self) -> dict[str, Any]:
        """Return a copy of the data without the fields left out; a hook may change it."""
        gone = self._absent | self.out.keys()
        if not gone:
            return dict(self._data)
        paths = dict.fromkeys(t.path.text for t in self._targets if t.name not in gone)
        return {path: self._data[path] for path in paths if path in self._data}

    def _judge(self, error: ValidationError, data: dict[str, Any]) -> list[Target]:
        """Report *error*; return the fields it names, or none if it names anything else too."""
        told: dict[Any, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
        failed: list[Target] = []
        fits = True
        for name, messages in told.items():
            targets = self._named(str(name))
            fits = fits and bool(targets)
            path = targets[0].path.text if targets else self._name if name == "_schema" else name
            tail = f"; found {found(data[path])}" if path in data else ""
            for message in _flat(messages):
                self._report(path, message.rstrip(".") + tail)
            failed += self._culprits(targets, data)
        return failed if fits else []

    def _named(self, name: str) -> list[Target]:
        """Return the fields that an error calls *name*: by path, or as the schema has them."""
        names = (t for t in self._targets if name in (t.name, t.attribute))
        gone = self._absent | self.out.keys()
        left = (t for t in self._at(name) or names if t.name not in gone)
        return list(left)

    def _culprits(self, targets: list[Target], data: dict[str, Any]) -> list[Target]:
        """Return those of *targets*, which share a path, that fail on their own; else all."""
        if len(targets) < 2:
            return targets
        return [t for t in targets if self._alone(t, data) is not None] or targets

    def _find(self, data: dict[str, Any]) -> list[Target]:
        failed: list[Target] = []
        for target in self._targets:
            if target.name in self._absent or target.name in self.out:
                continue
            error = self._alone(target, data)
            if error is None:
                continue
            failed.append(target)
            messages = error.messages if isinstance(error, ValidationError) else _reason(error)
            for message in _flat(messages):
                tail = f"; found {found(data[target.path.text])}"
                self._report(target.path.text, message.rstrip(".") + tail)
        return failed

    def _alone(self, target: Target, data: dict[str, Any]) -> Exception | None:
        """Return the exception that *target* raises on its own value."""
        path = target.path.text
        if path not in data:
            return None
        try:
            self._schema.load_fields[target.name].deserialize(data[path], path, data)
        except Exception as error:  # a user's field may raise anything
            return error
        return None

    def _write(self, loaded: dict[str, Any]) -> tuple[FieldValue, ...] | None:
        """Return the values of *loaded*; None: some cannot be written, see ``_failed``."""
        self._failed = []
        written: list[FieldValue] = []
        for target in self._targets:
            value = loaded.pop(target.attribute, missing)
            if value is missing or target.name in self.out:
                continue
            try:
                if value is None and not target.clears:
                    raise ValueError("is null; allow_none=True lets null clear the field")
                text = values.text(None if value is None else self._json(target, value))
            except Exception as error:  # a user's field may raise anything
                raw = found(self._data.get(target.path.text))
                self._report(target.path.text, f"{_reason(error)}; found {raw}")
                self._failed.append(target)
            else:
                made = target.on_create
                written.append(FieldValue(target.slug, text, target.type, on_create=made))
        for name in loaded:
            self._report(self._name, f"a hook added {name!r}, which is no field")
        if loaded:
            self._failed = []
            return None
        return None if self._failed else tuple(written)

    def _json(self, target: Target, value: Any) -> Any:
        written = target.write(value)
        alts = self._alts.get(target.name) if self._alts else None
        return written if alts is None else alternative_texts.put(written, alts)

    def _at(self, path: str) -> Sequence[Target]:
        place = self._fields.paths.get(path)
        return () if place is None else place.targets

    def _take_out(self, targets: Iterable[Target]) -> None:
        self.out |= {target.name: target for target in targets}

    def _report(self, path: object, message: str) -> None:
        self.problems.append(problem(str(path), message))


def problem(path: str, message: str) -> FieldProblem:
    """Return a problem that can be stored and shown: short, and valid Unicode."""
    return FieldProblem(plain(path), plain(message))


def would_write(targets: Iterable[Target], root: object) -> Iterator[Target]:
    """Yield those of *targets* that find a value in *root*, readable or not."""
    for target in targets:
        try:
            value = text_cells.read(target.path, root, clears=target.clears)
        except ValueError:
            yield target
            continue
        nothing = value is None and target.path.steps is None and not target.clears
        if value is not missing and not nothing:
            yield target


def _reason(error: Exception) -> str:
    return str(error) if type(error) is ValueError else reason(error)


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

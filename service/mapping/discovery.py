"""
Finds the subclasses of Mapping in the configured files, in the order of each file.

A name is a file relative to instep.toml; if it does not end in ``.py``, has no slash and no such
file exists, it is an importable module. During the import the folder of instep.toml is on
``sys.path``, so that files can share code.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from service.mapping.base import Mapping
from service.mapping.display import plain
from workers.errors import Problem


@dataclass(frozen=True, slots=True)
class Definition:
    """A subclass of Mapping, and its file as named in instep.toml."""

    file: str
    cls: type[Mapping]

    @property
    def name(self) -> str:
        return self.cls.__qualname__

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"

    def problem(self, part: str, found: Any, expected: str, do: str) -> Problem:
        """Return a problem of *part*: a field, or an option such as ``Meta.key``."""
        return Problem(f"{self}.{part}", str(found), expected, do)


def definitions(name: str, folder: Path, problems: list[Problem]) -> tuple[Definition, ...]:
    """Return the definitions in the file or module *name*; add what is wrong to *problems*."""
    before = set(_subclasses(Mapping))
    path = folder / name
    is_file = name.endswith(".py") or "/" in name or path.is_file()
    if is_file and not path.is_file():
        expected = "a file beside instep.toml, or an importable module"
        problems.append(Problem(name, f"no file {path}", expected, "correct the name in mappings"))
        return ()
    try:
        with _importable(folder):
            module = _run(path) if is_file else importlib.import_module(name)
    except (Exception, SystemExit) as error:
        problems.append(_failure(name, error))
        return ()
    classes = [
        cls
        for cls in _subclasses(Mapping)
        if _is_of(cls, module) and not (is_file and cls in before)
    ]
    problems += _twice(name, classes)
    return tuple(Definition(name, cls) for cls in _in_order(classes, module))


def _subclasses(cls: type[Mapping]) -> Iterator[type[Mapping]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _is_of(cls: type[Mapping], module: ModuleType) -> bool:
    return cls.__module__ == module.__name__ or cls.__module__.startswith(f"{module.__name__}.")


def _in_order(classes: list[type[Mapping]], module: ModuleType) -> list[type[Mapping]]:
    # A module's namespace has the order of the file; __subclasses__ goes branch by branch.
    places = {id(value): place for place, value in enumerate(vars(module).values())}
    return sorted(dict.fromkeys(classes), key=lambda cls: places.get(id(cls), len(places)))


def _twice(name: str, classes: list[type[Mapping]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for cls in dict.fromkeys(classes):
        full = f"{cls.__module__}.{cls.__qualname__}"
        if full in seen:
            where = f"{name}: {cls.__qualname__}"
            yield Problem(where, "two classes with this name", "one", "rename one of them")
        seen.add(full)


class _Fresh(SourceFileLoader):
    """Always compiles the file: a .pyc is matched by whole seconds and size alone."""

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


def _run(path: Path) -> ModuleType:
    name = f"instep_mappings_{sha256(str(path).encode()).hexdigest()[:12]}"
    loader = _Fresh(name, str(path))
    spec = ModuleSpec(name, loader, origin=str(path))
    spec.has_location = True
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and annotations look their module up there
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    entry = str(folder.resolve())
    sys.path.append(entry)  # last: a file there never hides an installed package
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(entry)


def _failure(name: str, error: BaseException) -> Problem:
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if not name.endswith(".py") and f"{name}.".startswith(f"{missing}."):
        expected = "a file beside instep.toml, or an importable module"
        return Problem(name, f"no module {name}", expected, "correct the name in mappings")
    line = f" in {_line(error)}" if _line(error) else ""
    found = plain(f"{type(error).__name__}{line}: {error}")
    return Problem(name, found, "a module that can be imported", "correct it there")


def _line(error: BaseException) -> str:
    """Return the line number in the user's code that raised *error*."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f"line {error.lineno}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in (__file__, importlib.__file__)
        and not frame.filename.startswith("<frozen")
    ]
    inside = [frame for frame in frames if frame.filename == frames[0].filename]
    return f"line {inside[-1].lineno}" if inside else ""

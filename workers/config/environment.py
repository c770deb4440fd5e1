"""
``${NAME}`` in the texts of ``instep.toml``: the environment, and the file ``.env`` beside it.

``.env`` only adds names that the environment does not have, one ``NAME=value`` a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workers.errors import Problem

VARIABLE = re.compile(r"\$\{([^}]*)\}")
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


def read_env(path: Path) -> tuple[dict[str, str], list[Problem]]:
    """Return the names that the file *path* sets (none if there is no such file), and its slips."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError):
        return {}, [Problem(str(path), "a file that cannot be read", "UTF-8 text", "correct it")]
    values: dict[str, str] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        found = LINE.fullmatch(line)
        if found:
            values[found[1]] = _unquoted(found[2])
        elif line.strip() and not line.lstrip().startswith("#"):
            where = f"{path}: line {number}"
            problems.append(Problem(where, "another text", "NAME=value", "correct the line"))
    return values, problems


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    # Only after a blank does # begin a comment: a password may hold one.
    return re.split(r"\s+#", text, maxsplit=1)[0]


class Substitution:
    """
    Puts the environment into a parsed file, and remembers what came from where.

    Attributes:
        problems: A variable that is missing, or a ``${`` that names none.
        templates: Place → text as written: what an error shows instead of the value.
    """

    def __init__(self, environ: Mapping[str, str], file: str) -> None:
        self.environ = environ
        self.file = file
        self.problems: list[Problem] = []
        self.templates: dict[str, str] = {}

    def apply(self, value: Any, where: str = "") -> Any:
        """Return *value* with every text in it filled in; one that cannot be stays as it is."""
        if isinstance(value, dict):
            inner = f"{where}." if where else ""
            return {key: self.apply(each, f"{inner}{key}") for key, each in value.items()}
        if isinstance(value, list):
            return [self.apply(each, f"{where}[{index}]") for index, each in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return self._filled(value, f"{self.file}: {where}")
        return value

    def _filled(self, text: str, where: str) -> str:
        self.templates[where] = text
        names = VARIABLE.findall(text)
        missing = [name for name in names if name not in self.environ]
        for name in missing:
            self.problems.append(_missing(name, where))
        if text.count("${") > len(names):
            self.problems.append(Problem(where, "${ without }", "${NAME}", "close the brace"))
        return text if missing else VARIABLE.sub(lambda found: self.environ[found[1]], text)


def _missing(name: str, where: str) -> Problem:
    found = f"${{{name}}}"
    if IDENTIFIER.fullmatch(name):
        return Problem(
            where,
            f"{found}, which is not set",
            f"the environment variable {name}",
            f"set {name} in the environment or in .env",
        )
    return Problem(where, found, "${NAME}", "name a variable: letters, digits and _")

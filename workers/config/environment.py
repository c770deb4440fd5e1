"""
``${NAME}`` in ``instep.toml``: from the environment, and from the file ``.env`` beside it.

``.env`` has one ``NAME=value`` per line, in quotes or not; the environment wins.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workers.errors import Problem

QUOTED = re.compile(r"""(["'])(.*?)\1\s*(?:#.*)?""")
MARK = "Instep-Installation"  # header of an answer to the operator: `installation_mark`
VARIABLE = re.compile(r"\$\{([^}]*)\}")
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


def config_path(environ: Mapping[str, str]) -> Path:
    """Return the path of ``instep.toml``."""
    return Path(environ.get("INSTEP_CONFIG") or "instep.toml")


def data_path(environ: Mapping[str, str]) -> Path:
    """Return the data folder."""
    return Path(environ.get("INSTEP_DATA") or ".instep").absolute()


def installation_mark(config: Path, data: Path, url: str | None, admin_token: str) -> str:
    """
    Return what processes with one configuration, data folder and store have in common.

    Without the *admin_token* it tells nothing about them.
    """
    text = "\n".join((str(config.resolve()), str(data.resolve()), url or ""))
    return hmac.new(admin_token.encode(), text.encode(), hashlib.sha256).hexdigest()


def read_env(path: Path) -> tuple[dict[str, str], list[Problem]]:
    """Return the variables in the file *path*, none if it does not exist, and its problems."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()  # Windows begins with a mark
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError):
        return {}, [Problem(str(path), "a file that cannot be read", "UTF-8 text", "correct it")]
    values: dict[str, str] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        found = LINE.fullmatch(line)
        if found:
            value = _unquoted(found[2])
            if value is None:  # nothing of it is shown: it may be a secret
                problems.append(_open(f"{path}: line {number}", found[2][0]))
            values[found[1]] = found[2] if value is None else value
        elif line.strip() and not line.lstrip().startswith("#"):
            where = f"{path}: line {number}"
            problems.append(Problem(where, "another text", "NAME=value", "correct the line"))
    return values, problems


def _open(where: str, quote: str) -> Problem:
    do = "close it at the end of the line, or write the value without quotes"
    return Problem(where, f"a {quote} that is not closed", f"NAME={quote}value{quote}", do)


def _unquoted(text: str) -> str | None:
    """Return the value that *text* writes; None: its quote is not closed."""
    if text[:1] in ("'", '"'):
        quoted = QUOTED.fullmatch(text)
        return quoted[2] if quoted else None
    # # begins a comment only after a blank: a password may contain one.
    return re.split(r"\s+#", text, maxsplit=1)[0]


class Substitution:
    """
    Fills environment variables into a parsed file.

    Attributes:
        problems: Variables that are missing, and a ``${`` without a name.
        templates: Place → text as written: errors show it instead of the value.
    """

    def __init__(self, environ: Mapping[str, str], file: str) -> None:
        self.environ = environ
        self.file = file
        self.problems: list[Problem] = []
        self.templates: dict[str, str] = {}

    def apply(self, value: Any, where: str = "") -> Any:
        """Return *value* with all variables filled in; a text with a missing one stays as it is."""
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

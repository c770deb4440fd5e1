"""The JMESPath of ``[pulls.NAME]``: to the list of records, and to the next page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.mapping.path_checks import PathInvalid
from service.mapping.paths import compile_path
from workers.config.pull import Pull
from workers.errors import Problem


def wrong_paths(pulls: Iterable[Pull]) -> Iterator[Problem]:
    """Yield a problem for each path that is no JMESPath, named by its key."""
    for pull in pulls:
        paths = {"items": pull.items if pull.format == "json" else "", "cursor": pull.cursor}
        for key, text in paths.items():
            try:
                if text:
                    compile_path(text)
            except PathInvalid as error:
                yield Problem(f"pulls.{pull.name}.{key}", str(error), "JMESPath", error.do)

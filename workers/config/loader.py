"""Reads ``instep.toml`` into Settings, and collects its problems."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workers.config import access_schema, alerts_schema, pulls_schema, writeback_schema
from workers.config.environment import Substitution, config_path, read_env
from workers.config.pull import Pull
from workers.config.sections import SectionReader, bare, masked
from workers.config.settings import Fetcher, Settings, Source
from workers.errors import ConfigurationInvalid, Problem

_TWICE = re.compile(r"Cannot declare \((.*)\) twice")  # tomllib's message


@dataclass(frozen=True, slots=True)
class Draft:
    """
    The readable part of ``instep.toml``, and all its problems.

    *settings* include sections with problems, as far as they are valid, so that references to them
    raise no second problem. Only settings without *problems* may be used to run.
    """

    settings: Settings
    problems: tuple[Problem, ...] = ()
    templates: Mapping[str, str] = field(default_factory=dict)  # place → text with its ${NAME}

    def located(self, problem: Problem) -> Problem:
        """Return *problem*, which names a key only, as one of this file."""
        where = f"{self.settings.path}: {problem.where}"
        return masked(replace(problem, where=where), self.templates)

    def sound_sources(self) -> tuple[Source, ...]:
        """Return the sources without problems."""
        wrong = self._wrong("sources")
        return tuple(s for name, s in self.settings.sources.items() if name not in wrong)

    def sound_pulls(self) -> tuple[Pull, ...]:
        """Return the pulls without problems."""
        wrong = self._wrong("pulls")
        return tuple(p for name, p in self.settings.pulls.items() if name not in wrong)

    def sound_fetchers(self) -> tuple[Fetcher, ...]:
        """Return the fetchers without problems."""
        wrong = self._wrong("fetchers")
        return tuple(f for name, f in self.settings.fetchers.items() if name not in wrong)

    def _wrong(self, kind: str) -> set[str]:
        prefix = f"{self.settings.path}: {kind}."
        return {
            problem.where.removeprefix(prefix).partition(".")[0]
            for problem in self.problems
            if problem.where.startswith(prefix)
        }


def load(environ: Mapping[str, str]) -> Settings:
    """
    Read ``$INSTEP_CONFIG``, or ``./instep.toml``, with the environment filled in.

    Raises:
        ConfigurationInvalid: With every problem of the file and the environment.
    """
    draft = read(environ)
    if draft.problems:
        raise ConfigurationInvalid(draft.problems)
    return draft.settings


def fill(environ: MutableMapping[str, str]) -> None:
    """Add the variables of ``.env`` to *environ*; ``read`` reports the problems of that file."""
    for name, value in read_env(config_path(environ).parent / ".env")[0].items():
        environ.setdefault(name, value)


def read(environ: Mapping[str, str]) -> Draft:
    """
    Like ``load``, but return the valid part with all problems.

    Raises:
        ConfigurationInvalid: There is no such file, or it is not TOML.
    """
    path = config_path(environ)
    written = _parse(path)
    extra, slips = read_env(path.parent / ".env")
    filled = {**extra, **environ}
    substitution = Substitution(filled, str(path))
    reader = SectionReader(str(path), substitution.apply(written), substitution)
    admin_token = filled.get("INSTEP_ADMIN_TOKEN") or None
    draft = Settings(
        path=path,
        store=reader.store(filled),
        destinations=reader.destinations(),
        collections=reader.collections(),
        sources=reader.sources(),
        pulls=pulls_schema.read(reader),
        fetchers=reader.fetchers(),
        mappings=tuple(reader.top.get("mappings", ())),
        public_url=bare(reader.top.get("public_url")),
        admin_token=admin_token,
        metrics_token=filled.get("INSTEP_METRICS_TOKEN") or None,
        access=access_schema.read(reader, admin_token),
        alerts=alerts_schema.read(reader),
        writebacks=writeback_schema.read(reader),
        warnings=tuple(reader.warnings),
    )
    return Draft(draft.hiding_secrets(), (*slips, *reader.problems), substitution.templates)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).rpartition(" (at ")
        place = f"{path}: {place.rstrip(')')}"
        problem = Problem(place, message, "TOML", "correct the line")
        if twice := _TWICE.fullmatch(message):
            names = ".".join(re.findall(r"'([^']*)'", twice[1]))
            problem = Problem(place, f"[{names}] twice", "one table of this name", "merge them")
    except UnicodeDecodeError as error:
        found = f"a byte that is not UTF-8, at {error.start}"
        problem = Problem(str(path), found, "UTF-8 text", "save the file as UTF-8")
    except OSError as error:
        problem = Problem(
            str(path),
            (error.strerror or "an unreadable file").lower(),
            "a configuration file",
            "write one with instep init DIR, or name yours in INSTEP_CONFIG",
        )
    raise ConfigurationInvalid([problem])

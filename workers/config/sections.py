"""Builds the sections of ``instep.toml``, and collects their problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workers.config import locale_tags, publish_keys, reconcile_schema, schemas, store_url
from workers.config.environment import Substitution, data_path
from workers.config.settings import Collection, Destination, Fetcher, Source, StoreSettings
from workers.config.times import moment
from workers.errors import Problem


def bare(address: str | None) -> str | None:
    """Return *address* without a slash at its end."""
    return None if address is None else address.rstrip("/")


def masked(problem: Problem, templates: Mapping[str, str]) -> Problem:
    """Hide a value that came from the environment: it may be a secret in any key."""
    names = ", ".join(
        template
        for place, template in templates.items()
        if place == problem.where or place.startswith(f"{problem.where}[")
    )
    if not names:
        return problem
    found = problem.found if " empty text" in problem.found else "another text"
    return replace(problem, found=f"{found} in {names}")


def _parted(
    table: dict[str, Any], schema: schemas.Section
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split *table* into the options of its sender or kind, and the keys of *schema*."""
    own = {key: value for key, value in table.items() if key not in schema.fields}
    return own, {key: value for key, value in table.items() if key in schema.fields}


def _secrets(written: Sequence[Any]) -> dict[str, Any]:
    """Return the secrets, and their expiry times if any has one."""
    tables = [each if isinstance(each, dict) else {"value": each} for each in written]
    ends = tuple(moment(each.get("until")) for each in tables)
    return {
        "secrets": tuple(each["value"] for each in tables),
        "ends": ends if any(ends) else (),
    }


class SectionReader:
    """Builds the sections from a parsed file and collects the problems."""

    def __init__(self, file: str, raw: dict[str, Any], substitution: Substitution) -> None:
        self.file = file
        self.problems = substitution.problems
        self.warnings: list[Problem] = []
        self.templates = substitution.templates
        self.top = self.check(schemas.made(schemas.FileSection), raw, "")

    def check(self, section: schemas.Section, raw: Mapping[str, Any], where: str) -> dict[str, Any]:
        values, problems = schemas.check(section, raw, f"{self.file}: {where}")
        for problem in problems:
            self.add(problem)
        return values

    def add(self, problem: Problem) -> None:
        # One problem per key: a missing variable explains why the value is invalid.
        inside = f"{problem.where}["
        places = [known.where for known in self.problems]
        if any(place == problem.where or place.startswith(inside) for place in places):
            return
        self.problems.append(masked(problem, self.templates))

    def tables(self, kind: str) -> dict[str, dict[str, Any]]:
        tables = {}
        for name, table in self.top.get(kind, {}).items():
            where = f"{self.file}: {kind}.{name}"
            if schemas.NAME.fullmatch(name) is None:
                self.add(Problem(where, f'the name "{name}"', schemas.NAME_EXPECTED, "rename it"))
            if isinstance(table, dict):
                tables[name] = table
            else:
                found = schemas.describe(table, secret=True)
                self.add(Problem(where, found, f"a table [{kind}.NAME]", "make it a table"))
        return tables

    def store(self, environ: Mapping[str, str]) -> StoreSettings:
        values = self.check(schemas.made(schemas.StoreSection), self.top.get("store", {}), "store.")
        if "history" in values:
            found = f"{values.pop('history')} entries"
            expected, do = "[store] history_mb and history_days", "set the MiB that it may use"
            self.warnings.append(Problem(f"{self.file}: store.history", found, expected, do))
        url = environ.get("REDIS_URL") or None
        if url is not None and not store_url.is_store_url(url):
            do = "correct it (# and @ in a password are %23 and %40), or unset it"
            self.add(Problem("REDIS_URL", "another text", store_url.EXPECTED, do))
        return StoreSettings(url=url, data=data_path(environ), **values)

    def destinations(self) -> dict[str, Destination]:
        built = {}
        for name, table in self.tables("destinations").items():
            values = self.check(
                schemas.made(schemas.DestinationSection), table, f"destinations.{name}."
            )
            if "base_url" in values:
                values["base_url"] = values["base_url"].rstrip("/")
            if "publish_domains" in values:
                values["publish_domains"] = tuple(values["publish_domains"])
            if problem := publish_keys.refused(f"{self.file}: destinations.{name}", values):
                self.add(problem)
            built[name] = Destination(name, **({"api": "v2", "token": ""} | values))
        return built

    def collections(self) -> dict[str, Collection]:
        known = self.top.get("destinations", {})
        built = {}
        for name, table in self.tables("collections").items():
            values = self.check(
                schemas.made(schemas.CollectionSection), table, f"collections.{name}."
            )
            destination = values.get("destination", "")
            if destination and destination not in known:
                where = f"{self.file}: collections.{name}.destination"
                names = ", ".join(sorted(known)) or "none yet"
                expected = f"the name of a [destinations.NAME] ({names})"
                self.add(Problem(where, f'"{destination}"', expected, "use one, or add it"))
            if values.get("missing") == "create" and "key" not in table:
                where = f"{self.file}: collections.{name}.key"
                expected = 'the slug of an item field, because of missing = "create"'
                do = "name the field that holds the source's key: it identifies an item"
                self.add(Problem(where, "nothing", expected, do))
            where = f"{self.file}: collections.{name}.locales"
            if problem := locale_tags.unknown_to_v1(where, values, known):
                self.add(problem)
            tables = (values.pop("reconcile", None), values.pop("guard", None))
            values |= reconcile_schema.read(self, name, *tables)
            values["locales_given"] = "locales" in values
            built[name] = Collection(name, **({"destination": "", "id": ""} | values))
        self._one_name_each(built)
        return built

    def _one_name_each(self, built: Mapping[str, Collection]) -> None:
        """Refuse a collection with two names: its items would have two newest values."""
        known = self.top.get("destinations", {})
        names: dict[tuple[Any, str], str] = {}
        for name, collection in built.items():
            table = known.get(collection.destination)
            base = table.get("base_url") if isinstance(table, dict) else None
            first = names.setdefault((base, collection.id), name)
            if first != name and collection.id:
                where = f"{self.file}: collections.{name}.id"
                expected = f"an id that no other collection has ({first} has it)"
                self.add(Problem(where, collection.id, expected, "merge the two collections"))

    def sources(self) -> dict[str, Source]:
        schema = schemas.made(schemas.SourceSection)
        built = {}
        for name, table in self.tables("sources").items():
            options, common = _parted(table, schema)
            values = {"sender": ""} | self.check(schema, common, f"sources.{name}.")
            values |= _secrets(values.get("secrets", ()))
            if "verify_token" in values and values.get("challenge") != "hub.challenge":
                where = f"{self.file}: sources.{name}.verify_token"
                expected = 'challenge = "hub.challenge", the only one that sends a token'
                self.add(Problem(where, "another challenge", expected, "set it, or remove this"))
            built[name] = Source(name, **values, options=options)
        return built

    def fetchers(self) -> dict[str, Fetcher]:
        schema = schemas.made(schemas.FetcherSection)
        built = {}
        for name, table in self.tables("fetchers").items():
            options, common = _parted(table, schema)
            values = self.check(schema, common, f"fetchers.{name}.")
            values["base_url"] = bare(values.get("base_url"))
            built[name] = Fetcher(name, **({"kind": "", "token": ""} | values), options=options)
        return built

"""What a destination answers, compared with the configuration and the mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from service.operate.check_fields import (
    missing_fields,
    rules_of,
    unfit_keys,
    unwritten_fields,
    wrong_references,
)
from service.operate.check_items import MOST_PAGES, Keys, listed, note
from service.operate.check_locales import locales
from service.operate.check_options import unknown_labels
from service.operate.check_site import missing_scopes, sites_of, unpublished, visible, with_nearest
from service.operate.check_types import unfit_types
from service.operate.cms_request import ask_by
from service.operate.token_check import schema_or_problem
from workers.errors import DestinationError, Problem
from workers.webflow.schema import Schema

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.operate.check_findings import Findings
    from workers.config.settings import Collection, Destination
    from workers.store.rate_limiter import Limiter
    from workers.webflow.client import Client
    from workers.webflow.item_answers import Answer

# Slugs that only the collections of Webflow's Ecommerce have together: products, and their SKUs. An
# answer names no kind of collection; of categories nothing tells.
# https://developers.webflow.com/data/reference/ecommerce/products/list
ECOMMERCE = ({"sku-properties", "default-sku"}, {"sku-values", "product"})


@dataclass(slots=True)
class SeenItems:
    """What was seen of the items of all collections, by name of the collection."""

    totals: dict[str, int] = field(default_factory=dict)
    keys: dict[str, Keys] = field(default_factory=dict)


@dataclass(slots=True)
class DestinationCheck:
    """
    The check of one destination; each call of it is made once.

    Args:
        limiter: Of the budget that its calls count against; None: nothing else runs.
        found: To which it adds.
        items: To which it adds what it sees of items.
    """

    configuration: Configuration
    destination: Destination
    limiter: Limiter | None
    found: Findings
    items: SeenItems
    _visible: dict[str, str] | None = None  # collections of the token; None: not asked for

    def run(self) -> None:
        """Ask the destination as little as possible: nothing more once it fails for all."""
        schemas = self._schemas()
        if schemas is None:
            return
        mine = self.configuration.settings.collections_of(self.destination.name)
        # Where nothing is written, it does not matter.
        part = not self.configuration.mappings.whole
        written = [each for each in mine if part or rules_of(self.configuration, each)]
        if not written:
            return
        steps: list[Callable[[], None]] = [self._token] if self.destination.api == "v2" else []
        steps += [lambda: self._sites(written), lambda: self._items(written, schemas)]
        for step in steps:
            try:
                step()
            except DestinationError as error:
                self._unanswered(error)
                return

    def _schemas(self) -> dict[str, Schema] | None:
        """Compare each collection; None: what is wrong concerns all of them."""
        settings, name = self.configuration.settings, self.destination.name
        schemas: dict[str, Schema] = {}
        for collection in settings.collections_of(name) or (None,):
            answer = schema_or_problem(settings.path, self.destination, collection, self.limiter)
            if isinstance(answer, Problem):
                self.found.errors.append(self._helped(answer, collection))
                if answer.where.startswith(f"{settings.path}: destinations.{name}."):
                    return None  # the others would fail alike, for one call of the budget each
            elif collection is None:
                self.found.notes.append(f"Destination {name} answers; no collection uses it")
            else:
                schemas[collection.name] = Schema({each["slug"]: each for each in answer.schema})
                self._collection(collection, schemas[collection.name])
        for collection in settings.collections_of(name):
            if collection.name in schemas and schemas[collection.name].whole:
                schema = schemas[collection.name]
                found = wrong_references(self.configuration, collection, schema, schemas)
                self.found.errors += found
        return schemas

    def _helped(self, problem: Problem, collection: Collection | None) -> Problem:
        if collection is None or not problem.where.endswith(f"collections.{collection.name}.id"):
            return problem
        if self._visible is None:
            self._visible = visible(self._ask, self.destination)
        return with_nearest(problem, collection, self._visible)

    def _collection(self, collection: Collection, schema: Schema) -> None:
        found, name = self.found, collection.name
        found.notes.append(f"Collection {name}: destination {self.destination.name} answers")
        if schema.whole:
            self._compare(collection, schema)
        else:
            found.notes.append(
                f"Collection {name}: its fields are not told, so mappings were not compared"
            )
        if collection.missing == "create":
            live = self.destination.live
            copy = "live" if live else "staged, for the next publish of the site"
            found.notes.append(f"Collection {name}: missing items are created, {copy}")

    def _compare(self, collection: Collection, schema: Schema) -> None:
        found, configuration = self.found, self.configuration
        if any(slugs <= schema.fields.keys() for slugs in ECOMMERCE):
            where = f"{configuration.settings.path}: collections.{collection.name}.id"
            what = f"{collection.id}, a collection of Webflow's Ecommerce"
            do = "copy what you need to a collection of your own, and write that"
            found.errors.append(Problem(where, what, "a collection of the CMS", do))
        found.errors += missing_fields(configuration, collection, schema)
        found.errors += unfit_keys(configuration, collection, schema)
        found.errors += unwritten_fields(configuration, collection, schema)
        for rule in rules_of(configuration, collection):
            errors, warnings = unfit_types(rule, schema)
            found.errors += (*errors, *unknown_labels(rule, schema))
            found.warnings += warnings

    def _token(self) -> None:
        answer = self._ask(lambda client: client.get_authorization())
        path, notes = self.configuration.settings.path, self.found.notes
        self.found.errors += missing_scopes(path, self.destination, answer, notes)

    def _sites(self, written: Iterable[Collection]) -> None:
        found, settings = self.found, self.configuration.settings
        sites = sites_of(self._ask, self.destination, [*written])
        errors, warnings = locales(self.configuration, self.destination, sites, found.notes)
        found.errors += errors
        found.warnings += warnings
        if not isinstance(sites, str):
            found.errors += unpublished(settings.path, self.destination, sites)
            if left := [each.name for each in written if each.id not in sites]:
                found.notes.append(f"Collection {', '.join(left)}: its site was not found")
        elif not errors:
            self._unread(sites)

    def _unread(self, why: str) -> None:
        name, site = self.destination.name, self.destination.site
        if site and why.startswith("status 404"):
            where = f"{self.configuration.settings.path}: destinations.{name}.site"
            do = "correct the id, or leave it out"
            self.found.errors.append(
                Problem(where, f"{why} for {site}", "the id of the token's site", do)
            )
        else:
            self.found.notes.append(
                f"Destination {name}: its site could not be read ({why}), so its locales, and "
                "whether it is published, were not checked"
            )

    def _items(self, written: Iterable[Collection], schemas: dict[str, Schema]) -> None:
        keyed = [each for each in written if _has_keys(each, schemas.get(each.name))]
        for collection in keyed:
            schema, pages = schemas[collection.name], max(1, MOST_PAGES // len(keyed))
            seen = listed(self._list, collection, schema, pages)
            self.found.notes.append(note(collection, seen))
            self.items.keys[collection.name] = seen.keys
            if seen.total is not None:
                self.items.totals[collection.name] = seen.total

    def _ask(self, call: Callable[[Client], Answer]) -> Answer:
        return ask_by(self.destination, self.limiter, call, kind="site")

    def _list(self, call: Callable[[Client], Answer]) -> Answer:
        return ask_by(self.destination, self.limiter, call, kind="list")

    def _unanswered(self, error: DestinationError) -> None:
        where = f"{self.configuration.settings.path}: destinations.{self.destination.name}.base_url"
        do = "run it again: the rest of this destination was not checked"
        self.found.errors.append(Problem(where, str(error), "an answer from the CMS", do))


def _has_keys(collection: Collection, schema: Schema | None) -> bool:
    """Whether items of *collection* can show keys: it has key fields, and they are there."""
    slugs = set(collection.keys)
    return (
        schema is not None and bool(slugs) and (not schema.whole or slugs <= schema.fields.keys())
    )

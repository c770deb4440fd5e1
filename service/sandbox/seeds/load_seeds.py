"""
Load seeds into the site as they are: items of a real site need not pass today's validations.

Only the type of each value is checked. An option may be given by its label, a reference by the
item's slug; a file keeps its id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.sandbox.fields.files import shown
from service.sandbox.fields.slugs import with_slug
from service.sandbox.fields.values import format_time, parse_time
from service.sandbox.model.ids import stable_id
from service.sandbox.model.locales import PRIMARY_ID
from service.sandbox.model.records import Collection, Copy, Item
from service.sandbox.model.schema import Field
from service.sandbox.seeds.seed_files import CollectionSeed, ItemSeed, SeedRefused
from service.sandbox.site.site import Site, new_id


def load_seeds(site: Site, seeds: Sequence[CollectionSeed]) -> None:
    """
    Add the collections of *seeds* with their items; after a refusal the site is unusable. Raises
    SeedRefused if a value does not fit its field, or an id or a slug is repeated.
    """
    made = [_collection(site, seed) for seed in seeds]
    for seed, collection in zip(seeds, made, strict=True):
        for one in seed.items:
            _add(_Target(site, collection, one.place, seed.dropped), one)
    for collection in made:
        _refer(site, collection)


def _collection(site: Site, seed: CollectionSeed) -> Collection:
    if seed.id in site.collections:
        raise SeedRefused(seed.place, seed.id or "", "an id that no other collection has")
    id = seed.id or stable_id("collection", seed.slug)
    made = site.add_collection(
        seed.name, seed.slug, seed.fields, id=new_id() if id in site.collections else id
    )
    made.singular = seed.singular
    made.created = seed.created or made.created
    made.updated = made.created
    return made


@dataclass(frozen=True, slots=True)
class _Target:
    """The destination of an item, and its place in the seed."""

    site: Site
    collection: Collection
    place: str
    dropped: Mapping[str, str]

    def read(self, values: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Return *values* as they are stored; raises SeedRefused."""
        known = self.collection.fields
        unknown = values.keys() - known.keys() - self.dropped.keys()
        if unknown:
            expected = f"one of {', '.join(known)}"
            raise SeedRefused(f"{self.place}{path}", min(unknown), expected)
        return {
            slug: self._value(known[slug], value, path)
            for slug, value in values.items()
            if value is not None and slug in known
        }

    def _value(self, field: Field, value: Any, path: str) -> Any:
        nested = field.type in ("MultiImage", "MultiReference")
        read, expected = _READERS[field.type.removeprefix("Multi") if nested else field.type]
        try:
            if nested:
                return [read(self, field, one) for one in _list(value)]
            return read(self, field, value)
        except (TypeError, ValueError, KeyError):
            more = f", one of {', '.join(field.options.values())}" if field.options else ""
            place = f"{self.place}{path}.{field.slug}" if path else f"{self.place}, {field.slug}"
            expected = f"an array, of {expected} each" if nested else expected + more
            raise SeedRefused(place, value, f"{expected} ({field.type})") from None


def _add(target: _Target, seed: ItemSeed) -> None:
    path = ".fieldData" if seed.place.endswith("]") else ""
    values = target.read(seed.values, path)
    if not values.get("name"):
        raise SeedRefused(f"{seed.place}{path}", sorted(values), "a name")
    locale = _locale(target, seed)
    variants = target.collection.variants(locale)
    values = with_slug(values, variants.slugs)
    if values["slug"] in variants.slugs:  # before the id, which may be derived from it
        raise SeedRefused(f"{seed.place}{path}", values["slug"], "a slug that no other item has")
    id = seed.id or stable_id(target.collection.id, locale, str(values["slug"]))
    if id in variants.items:
        raise SeedRefused(seed.place, id, "an id that no other item has")
    created = seed.created or target.site.now()
    updated = seed.updated or created
    staged = Copy(values, archived=seed.archived, draft=seed.draft, updated=updated)
    item = Item(id, created, staged, published=seed.published, locale=locale)
    if seed.published is not None:
        # If the item changed since, the live copy is only known from the seed.
        live = seed.live and target.read(seed.live, path)
        item.live = Copy(live, seed.archived, False, seed.published) if live else staged
    target.collection.store(item, staged)


def _locale(target: _Target, seed: ItemSeed) -> str:
    """Return the locale of an item: the primary one for an id that the site does not have."""
    known = target.site.locales.cms_ids if target.site.locales else ()
    return seed.locale if seed.locale in known else PRIMARY_ID


def _refer(site: Site, collection: Collection) -> None:
    """Replace slugs in references by ids; unknown ones stay."""
    for slug, target in _targets(site, collection):
        for item in collection.everything():
            names = target.variants(item.locale).slugs
            for copy in {id(one): one for one in (item.staged, item.live) if one}.values():
                value = copy.fields.get(slug)
                if isinstance(value, str):
                    _put(copy, slug, names.get(value, value))
                elif isinstance(value, list):
                    _put(copy, slug, [names.get(one, one) for one in value])


def _targets(site: Site, collection: Collection) -> list[tuple[str, Collection]]:
    found = []
    for field in collection.fields.values():
        target = site.collections.get(str(field.validations.get("collectionId")))
        if target is not None:
            found.append((field.slug, target))
    return found


def _put(copy: Copy, slug: str, value: Any) -> None:
    # The only code that changes a copy in place: no request has seen it yet.
    if isinstance(copy.fields, dict):
        copy.fields[slug] = value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _of(*kinds: type) -> Callable[[_Target, Field, Any], Any]:
    """Return a reader for values of *kinds*, unchanged."""

    def read(_: _Target, __: Field, value: Any) -> Any:
        # True is an int in Python.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise TypeError
        return value

    return read


def _moment(_: _Target, __: Field, value: Any) -> str:
    return format_time(parse_time(value))


def _option(_: _Target, field: Field, value: Any) -> str:
    if value in field.options:
        return str(value)
    return {label: id for id, label in field.options.items()}[value]


def _file(target: _Target, _: Field, value: Any) -> dict[str, Any]:
    given = _with_url(value)
    id = given.get("fileId") or stable_id("file", given["url"])
    return shown(target.site.files.keep(str(id), given["url"]), given.get("alt"))


def _video(_: _Target, __: Field, value: Any) -> dict[str, Any]:
    given = _with_url(value)
    return {"url": given["url"], "metadata": given.get("metadata") or {}}


def _with_url(value: Any) -> dict[str, Any]:
    given = value if isinstance(value, dict) else {"url": value}
    if not isinstance(given["url"], str):
        raise TypeError
    return given


_URL = 'a URL, or {"url": …, "alt": …}'
_READERS: dict[str, tuple[Callable[[_Target, Field, Any], Any], str]] = {
    **dict.fromkeys(
        ("PlainText", "RichText", "Link", "Email", "Phone", "Color"), (_of(str), "text")
    ),
    "Number": (_of(int, float), "a number"),
    "Switch": (_of(bool), "true or false"),
    "DateTime": (_moment, "a time in ISO 8601"),
    "Option": (_option, "an option's id or label"),
    "Image": (_file, _URL),
    "File": (_file, _URL),
    "VideoLink": (_video, "a URL"),
    "Reference": (_of(str), "an item's id or slug"),
}

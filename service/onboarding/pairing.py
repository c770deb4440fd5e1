"""Which value of a payload goes into which field, and which one is the key. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.onboarding.field_reading import Reading, fits, readings
from service.onboarding.names import MEANT, Words, best, is_known, likeness, meaning, words
from service.onboarding.payload_values import Steps, Value, path_text
from workers.webflow.item_answers import SchemaField

LEAST: Final = 52  # of a pair
SURE: Final = 80
_LATER: Final = 2  # that a name counts less than the one before it
_DEEPER: Final = 3  # that a level below the record counts less
_PART: Final = 4  # that a value of the whole counts less for its part
_ELSEWHERE: Final = 25  # that a value beside the record counts less
_ID_WORDS: Final = frozenset({"id", "external", "source", "record", "key", "ref", "uid", "uuid"})
_IDS: Final = (("id",), ("entity", "id"), ("uid",), ("uuid",), ("guid",), ("gid",))
# Whose ids are not those of the record that is told of.
_NO_RECORDS: Final = frozenset(
    {"event", "webhook", "subscription", "portal", "app", "account", "user", "merchant", "store"}
    | {"correlation", "request", "delivery", "trigger", "channel", "location", "company"}
)
_BY_LABEL: Final = 60  # that a value is one of the labels of an option
_NAMES: Final = ("name", "title", "titel", "bezeichnung")
# Last words of a field of keys: where no value is called so, it is the id of the record.
_NUMBERS: Final = frozenset({"number", "no", "nr", "code", "ref", "reference", "key"})
_BARE: Final = frozenset({("name",), ("title",), ("id",), ("type",), ("status",), ("state",)})
# Keys of objects that hold the fields of a record, while its id may stand beside them.
_WRAPPERS: Final = frozenset(
    {"fields", "attributes", "properties", "data", "object", "record", "row", "payload"}
)
_POSITIVE: Final = {  # meaning of a switch → texts that say yes
    "in-stock": frozenset({"instock", "in_stock", "in stock", "available"}),
    "active": frozenset({"active", "publish", "published", "enabled", "live", "online"}),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """One field and what fills it; *score* is 100 for names that are the same."""

    slug: str
    reading: Reading
    score: int
    steps: Steps = ()

    @property
    def sure(self) -> bool:
        return self.score >= SURE and not self.reading.note


@dataclass(frozen=True, slots=True)
class Ground:
    """
    What the pairs are sought in.

    Args:
        values: Of the payload.
        roots: The payloads themselves; a reading has to fit all of them.
        sender: The kind of sender.
        collections: Id in the CMS → name in instep.toml, for references.
        record: Where the record stands.
        around: Where the record stands that it is a part of; None: it is a part of none.
    """

    values: Sequence[Value]
    roots: Sequence[Any]
    sender: str
    collections: Mapping[str, str]
    record: Steps = ()
    around: Steps | None = None

    def distance(self, value: Value) -> int:
        """Return how much less *value* counts for where it stands."""
        own = _distance(value, self.record)
        if self.around is not None and value.steps[: len(self.around)] == self.around:
            return _PART + _distance(value, self.around)
        # What a part is called is seldom what the whole is called.
        named = self.around is not None and words(value.own) in _BARE
        return own + 2 * _PART if named and value.holder == self.record else own


# What another record than the collection's says of itself, such as a price of a product.
OF_ITSELF: Final = frozenset({"name", "active", "description", "summary", "link", "created"})


def names_of(cms: SchemaField) -> tuple[Words, ...]:
    return tuple(dict.fromkeys((words(cms["slug"]), words(cms["displayName"]))))


def record_of(values: Sequence[Value], fields: Sequence[SchemaField]) -> Steps:
    """
    Return where the record stands: the object whose own keys are most like the fields.

    One in a list is a part of the record, but where nothing outside of lists is like any field.
    """
    scores: dict[Steps, dict[str, int]] = {}
    for value in values:
        if isinstance(value.found, list):
            continue
        held = scores.setdefault(value.holder, {})
        for cms in fields:
            like = best(names_of(cms), value.names[:1])
            held[cms["slug"]] = max(held.get(cms["slug"], 0), like if like >= SURE else 0)
    ids = {value.holder for value in values if words(value.own) == ("id",)}
    sums = {holder: sum(held.values()) for holder, held in scores.items()}
    outside = {holder: score for holder, score in sums.items() if 0 not in holder}
    if any(outside.values()):
        sums = outside
    likely = {holder: score + 40 * (holder in ids) for holder, score in sums.items()}
    return max(likely, key=lambda holder: (likely[holder], -len(holder)), default=())


def pairs(ground: Ground, fields: Sequence[SchemaField]) -> list[Pair]:
    """Return the pairs for *fields*, one each at most; no value stands in two of them."""
    found = sorted(
        (pair for cms in fields for pair in _of_field(ground, cms)),
        key=lambda pair: -pair.score,
    )
    taken: dict[str, Pair] = {}
    used: set[str] = set()
    for pair in found:
        if pair.slug not in taken and pair.reading.path not in used:
            taken[pair.slug] = pair
            used.add(pair.reading.path)
    for cms in fields:
        derived = _switch(ground, cms) or _own_name(ground, cms, used)
        if cms["slug"] not in taken and derived:
            taken[cms["slug"]] = derived
    return [taken[cms["slug"]] for cms in fields if cms["slug"] in taken]


def key_value(
    values: Sequence[Value],
    cms: SchemaField,
    record: Steps,
    singular: str,
    resource: str,
    system: str,
) -> tuple[Value, int] | None:
    """
    Return the value that is the key, and how likely; None: nothing can be one.

    Args:
        singular: Of the collection's name.
        resource: What the topic is about, as its first word says.
        system: The name of the kind of sender, which fields of ids bear.
    """
    # Of whatever system: the key of the collection is the id of its records.
    is_id = is_own_id(cms, (system, singular)) or any(
        name[-1:] == ("id",) for name in names_of(cms)
    )
    is_number = any(_is_number(name) for name in names_of(cms))
    found = []
    for value in values:
        if isinstance(value.found, bool | list | float) or value.found in (None, ""):
            continue
        score = best(names_of(cms), value.names) - _distance(value, record)
        if is_id:
            score = max(score, _id_score(value, record, singular, resource))
        elif is_number and score <= 0:
            score = _id_score(value, record, singular, resource) - SURE // 2
        found.append((value, score))
    return max(found, key=lambda each: each[1], default=None)


def _is_number(name: Words) -> bool:
    """Return whether *name* is that of a number of whatever the record is called."""
    last = "".join(name[-1:])
    return not is_known(name) and (last in _NUMBERS or last.endswith("nummer"))


def is_own_id(cms: SchemaField, of: Sequence[str]) -> bool:
    """Return whether *cms* holds the id of a record: one that bears no name but those in *of*."""
    known = {word for name in of for word in words(name)}
    return any({*name} - known <= _ID_WORDS for name in names_of(cms))


def _id_score(value: Value, record: Steps, singular: str, resource: str) -> int:
    name = words(value.own)
    if name in ((singular,), (singular, "id")):
        other = resource not in ("", singular)
        return 95 if other else 85 - _distance(value, record)
    if _is_home(value.holder, record) and name in _IDS:
        return 90
    if name[-1:] != ("id",) or _NO_RECORDS & {*name}:
        return 0
    # Of a notice that is about "an object".
    return 88 if name[-2:-1] == ("object",) else 62 - _distance(value, record)


def _of_field(ground: Ground, cms: SchemaField) -> Iterator[Pair]:
    mine = names_of(cms)
    to = ground.collections.get(str((cms.get("rules") or {}).get("collectionId", "")))
    own_id = is_own_id(cms, (ground.sender,))
    for value in ground.values:
        score = _score(ground, mine, value)
        if own_id and value.holder == ground.record and words(value.own) == ("id",):
            score = max(score, MEANT)
        if cms["type"] == "Option" and _is_home(value.holder, ground.record):
            labels = {each["name"] for each in cms["options"]}
            is_label = isinstance(value.found, str) and value.found in labels
            score = max(score, _BY_LABEL * is_label)
        if score < LEAST:
            continue
        for reading in readings(cms, value, ground.sender, to):
            if fits(reading, cms, ground.roots):
                yield Pair(cms["slug"], reading, score, value.steps)
                break


def _score(ground: Ground, mine: tuple[Words, ...], value: Value) -> int:
    homes = (ground.record, ground.around) if ground.around is not None else (ground.record,)
    at_home = any(_is_home(value.holder, home) for home in homes)
    like = max(
        (
            likeness(name, other) - _LATER * place
            for place, other in enumerate(value.names)
            # Anywhere else a bare "name" is that of something else.
            if at_home or other not in _BARE
            for name in mine
            if likeness(name, other)
        ),
        default=0,
    )
    return like - ground.distance(value) if like else 0


def _distance(value: Value, record: Steps) -> int:
    if value.steps[: len(record)] == record:
        return _DEEPER * (len(value.holder) - len(record))
    return _DEEPER if _is_home(value.holder, record) else _ELSEWHERE


def _is_home(holder: Steps, record: Steps) -> bool:
    """Return whether *holder* is the object of the record, or wraps it, or is wrapped by it."""
    inner, outer = sorted((holder, record), key=len, reverse=True)
    return inner == outer or (inner[:-1] == outer and inner[-1] in _WRAPPERS)


def _own_name(ground: Ground, cms: SchemaField, used: Collection[str]) -> Pair | None:
    """Return the only name of the record that bears its kind, such as dish_name, for its name."""
    if cms["slug"] != "name":
        return None
    called = [
        value
        for value in ground.values
        if value.holder == ground.record
        and isinstance(value.found, str)
        and (words(value.own)[-1:] or ("",))[0].endswith(_NAMES)
        and path_text(value.steps) not in used
    ]
    if len(called) != 1:
        return None
    reading = Reading(path_text(called[0].steps), "fields.String")
    return Pair("name", reading, LEAST) if fits(reading, cms, ground.roots) else None


def _switch(ground: Ground, cms: SchemaField) -> Pair | None:
    """Return what a switch follows from: a status in words, or a number above zero."""
    if cms["type"] != "Switch":
        return None
    about = {meaning(name)[0] for name in names_of(cms) if len(meaning(name)) == 1}
    for wanted, yes in _POSITIVE.items():
        if wanted not in about:
            continue
        for value in ground.values:
            said = value.found.lower() if isinstance(value.found, str) else ""
            if said in yes and best([(wanted,), *names_of(cms)], value.names) >= MEANT:
                text = f"{path_text(value.steps)} == '{value.found}'"
                return Pair(cms["slug"], Reading(text, "fields.Boolean"), SURE)
    if "in-stock" in about:
        return _above_zero(ground, cms)
    return None


def _above_zero(ground: Ground, cms: SchemaField) -> Pair | None:
    counted = [
        (_score(ground, (("stock",),), value), value)
        for value in ground.values
        if not isinstance(value.found, bool | list | type(None))
    ]
    score, value = max(counted, key=lambda each: each[0], default=(0, None))
    if value is None or score < LEAST:
        return None
    path = path_text(value.steps)
    text = f"to_number({path}) > `0`" if isinstance(value.found, str) else f"{path} > `0`"
    reading = Reading(text, "fields.Boolean")
    return Pair(cms["slug"], reading, score) if fits(reading, cms, ground.roots) else None

"""Makes the three sides of a comparison, and says what is found between them."""

from service.reconcile.plan.comparison import Comparison
from service.reconcile.plan.diff import compare
from service.reconcile.plan.field_match import FieldMatcher
from service.reconcile.plan.model import ComparedRecord, ListedItem, SourceField
from service.reconcile.plan.policies import Policies
from service.reconcile.plan.precedence import Precedence
from workers.config.settings import Reconcile
from workers.model.changes import canonical
from workers.store.item_record import FieldRecord, ItemRecord


def t(seconds):
    """A time version, some *seconds* after a moment of 2025."""
    return f"t{1_750_000_000_000_000 + round(seconds * 1_000_000):017d}"


NOW = t(1000)
AS_OF = t(900)


def wanted(value=1, at=100, slug="stock", kind="number"):
    """One field of a record; *at*: a version, some seconds, or None for none of its own."""
    version = t(at) if isinstance(at, int | float) else at or ""
    return SourceField(slug, canonical(value), kind, version, "stock")


def held(value=1, at=100, state="written", answered=200, kind="number", **more):
    version = t(at) if isinstance(at, int | float) else at
    answer = None if answered is None else t(answered)
    return FieldRecord(canonical(value), kind, version, 7, state, answered=answer, **more)


def listed(updated=200, id="i1", published=200, created=0, fields=None, **more):
    return ListedItem(
        id,
        fields if fields is not None else {"stock": 1, **more.pop("shows", {})},
        None if updated is None else t(updated),
        None if published is None else t(published),
        None if created is None else t(created),
        **more,
    )


def comparison(
    matcher=None,
    partial=False,
    whole=True,
    missing="create",
    live=True,
    sequenced=False,
    asks=False,
    **policy,
):
    return Comparison(
        matcher or FieldMatcher(),
        Policies(Reconcile(**policy)),
        now_us=int(NOW[1:]),
        order=Precedence(AS_OF, sequenced=sequenced),
        since_ms=int(NOW[1:]) // 1000 - 30_000,
        whole=whole,
        partial=partial,
        live=live,
        missing=missing,
        asks=asks,
    )


def found(
    source=None,
    outbox=None,
    cms=None,
    *,
    item=None,
    twice=False,
    more=(),
    known="as held",
    **options,
):
    """
    Return (cause, act) of all that is found of one record.

    Args:
        source, outbox: One field each, or None.
        cms: The item as listed, or None.
        item: What else is held of the record.
        known: The id that the index knew before the listing; default: as it does now.
        more: Further items of the same key.
    """
    holding = ItemRecord({"stock": outbox} if outbox else {}, **(item or {}))
    if outbox and outbox.type != "number":
        holding = ItemRecord({source.slug: outbox}, **(item or {}))
    one = ComparedRecord(
        "k1",
        1 if source else 0,
        twice,
        (source,) if source else (),
        tuple(filter(None, (cms, *more))),
        (item or {}).get("id") if known == "as held" else known,
        holding,
    )
    return [(each.cause, each.act) for each in compare(one, comparison(**options))]

"""What a worker says of each item after an outcome, as simply as a policy can be."""

from workers.model.attempts import FieldFailure, ItemOutcome


def item_outcome(outcome, item, alone, pick):
    """
    The outcome on *item* after *outcome*; *alone*: the request carried nothing else; *pick*
    chooses among what is possible.
    """
    slugs = tuple(field.slug for field in item.fields)
    half = max(1, item.limit // 2)
    if outcome == "success":
        return ItemOutcome(item.record, written=slugs)
    if outcome == "no answer":
        failures = (FieldFailure("exhausted", slugs, "gave up"),) if alone and pick == 3 else ()
        return ItemOutcome(
            item.record, failures=failures, wait=1.0 + pick, unknown=True, attempt=alone
        )
    if outcome == "error":
        return ItemOutcome(
            item.record, wait=2.0 + 99 * pick, limit=half, attempt=alone, failed=alone
        )
    if outcome in ("refused", "missing"):
        return (
            _condemned(outcome, item, slugs, pick)
            if alone
            else ItemOutcome(item.record, limit=half)
        )
    return ItemOutcome(item.record, wait=float(pick))  # given back


def _condemned(outcome, item, slugs, pick):
    if outcome == "refused":
        named = (slugs[pick % len(slugs)],)
        return ItemOutcome(
            item.record, failures=(FieldFailure("refused", named, "no"),), refused=True
        )
    if item.forgotten:
        return ItemOutcome(item.record, failures=(FieldFailure("missing", slugs, "no such item"),))
    return ItemOutcome(item.record, forget=True)


def without_effect(item, pick):
    """The answer shows all fields but one: that one is tried once more, alone, or dies."""
    lost = item.fields[pick % len(item.fields)]
    rest = tuple(field.slug for field in item.fields if field is not lost)
    failures = (FieldFailure("not-applied", (lost.slug,), "dropped"),) if lost.misses else ()
    return ItemOutcome(item.record, written=rest, failures=failures, missed=(lost.slug,), limit=1)

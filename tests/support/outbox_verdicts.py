"""What a worker says of each item after an outcome, as simply as a policy can be."""

from workers.model.attempts import Death, Verdict


def verdict(outcome, item, alone, pick):
    """
    The verdict on *item* after *outcome*; *alone*: the request carried nothing else; *pick*
    chooses among what is possible.
    """
    slugs = tuple(field.slug for field in item.fields)
    half = max(1, item.limit // 2)
    if outcome == "success":
        return Verdict(item.record, written=slugs)
    if outcome == "no answer":
        deaths = (Death("exhausted", slugs, "gave up"),) if alone and pick == 3 else ()
        return Verdict(item.record, deaths=deaths, wait=1.0 + pick, unknown=True, attempt=alone)
    if outcome == "error":
        return Verdict(item.record, wait=2.0 + 99 * pick, limit=half, attempt=alone, failed=alone)
    if outcome in ("refused", "missing"):
        return _condemned(outcome, item, slugs, pick) if alone else Verdict(item.record, limit=half)
    return Verdict(item.record, wait=float(pick))  # given back


def _condemned(outcome, item, slugs, pick):
    if outcome == "refused":
        named = (slugs[pick % len(slugs)],)
        return Verdict(item.record, deaths=(Death("refused", named, "no"),), refused=True)
    if item.forgotten:
        return Verdict(item.record, deaths=(Death("missing", slugs, "no such item"),))
    return Verdict(item.record, forget=True)


def without_effect(item, pick):
    """The answer shows all fields but one: that one is tried once more, alone, or dies."""
    lost = item.fields[pick % len(item.fields)]
    rest = tuple(field.slug for field in item.fields if field is not lost)
    deaths = (Death("not-applied", (lost.slug,), "dropped"),) if lost.misses else ()
    return Verdict(item.record, written=rest, deaths=deaths, missed=(lost.slug,), limit=1)

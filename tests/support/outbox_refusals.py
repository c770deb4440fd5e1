"""Values that the CMS refuses: dead letters."""

from tests.support.outbox_driver import event
from workers.model.attempts import FieldFailure, ItemOutcome
from workers.model.changes import FieldProblem


def refuse(bench, record, slug="stock", words="Is too long", value=1):
    """Let the CMS refuse a value; returns the id of the letter."""
    refuse_all(bench, [record], slug, words, value)
    return bench.letters()[-1]["id"]


def refuse_all(bench, records, slug="stock", words="Is too long", value=1):
    """Let the CMS refuse a value of up to 100 *records*."""
    bench.accept(*(event(record, {slug: value}) for record in records))
    outcomes = []
    batch = bench.batch()
    for record in records:
        problems = (FieldProblem(slug, f"{words}: '{value}{record}'"),)
        failure = FieldFailure("refused", (slug,), "Validation Error", 400, "validation", problems)
        outcomes.append(ItemOutcome(record, failures=(failure,)))
    bench.settle(batch, *outcomes, health="refusal")

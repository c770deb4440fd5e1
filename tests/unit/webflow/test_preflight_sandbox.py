"""The preflight against the stand-in CMS: the same field and the same value before both."""

import random
import sys
from collections import Counter

from tests.support.depth import depth
from tests.support.field_values import case
from workers.webflow.schema import check

CASES = depth(2_000, 20_000)
CAUGHT = 0.95  # of what the stand-in refuses


def test_most_of_what_is_refused_is_caught_and_nothing_that_is_taken_is_refused():
    drawn = random.Random(20261123)  # noqa: S311  # no secret
    caught, passed, wrong = 0, Counter(), []
    for one in (case(drawn) for _ in range(CASES)):
        said = check(one.schema, one.slug, one.value, api=one.api)
        if one.refusal is None:
            wrong += [(one.kind, one.slug, one.value, said)] if said else []
        elif said:
            caught += 1
        else:
            passed[one.kind, one.refusal] += 1
    refused = caught + passed.total()
    sys.stdout.write(
        f"{CASES} values, {refused} refused, {caught / refused:.1%} of them caught, "
        f"{len(wrong)} wrongly; not caught: {passed.most_common(8)}\n"
    )
    assert not wrong, wrong[:5]
    assert caught / refused >= CAUGHT

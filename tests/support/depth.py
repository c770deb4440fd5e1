"""How much of a long test is played: a share of it by default, all of it with `pytest --full`."""

import os

import hypothesis

FULL = bool(os.environ.get("INSTEP_FULL"))


def depth(share, whole):
    """Return the figure of a test: *share* by default, *whole* with --full."""
    return whole if FULL else share


def examples(share, whole, **options):
    """Settings of Hypothesis with so many examples."""
    return hypothesis.settings(max_examples=depth(share, whole), **options)


def some(cases, every):
    """Return each *every*-th of the cases, the first among them; all of them with --full."""
    return list(cases)[:: depth(every, 1)]

"""What was undone by hand: a reconcile leaves it, and tells it."""

import pytest

from service.reconcile.plan import causes
from tests.support.comparisons import found, held, listed, wanted

BACK = held(1, at=100, undo="r7")
LEFT = [(causes.UNDONE, causes.NONE)]


@pytest.mark.parametrize(
    ("source", "outbox", "cms", "expected"),
    [
        pytest.param(wanted(2, at=None), BACK, listed(), LEFT, id="a row without a version"),
        pytest.param(wanted(2, at=100), BACK, listed(), LEFT, id="at the same version"),
        pytest.param(wanted(2, at=50), BACK, listed(), LEFT, id="at an older one"),
        pytest.param(
            wanted(2, at=150), BACK, listed(), [(causes.MISSED, causes.ACCEPT)], id="at a newer one"
        ),
        pytest.param(wanted(1, at=None), BACK, listed(), [], id="the value that was put back"),
        pytest.param(
            wanted(2, at=None), BACK, listed(fields={"stock": 2}), [], id="an editor agrees with it"
        ),
        pytest.param(
            wanted(2, at=None),
            BACK,
            listed(updated=201, fields={"stock": 3}),
            [(causes.EDITED, causes.REPAIR)],
            id="edited since",
        ),
        pytest.param(
            wanted(2, at=None),
            held(1, at=100, undo="r7", state="pending"),
            listed(fields={"stock": 3}),
            [(causes.ON_ITS_WAY, causes.NONE)],
            id="still to be written",
        ),
    ],
)
def test_a_value_that_was_put_back(source, outbox, cms, expected):
    assert found(source, outbox, cms) == expected


def gone(way, **more):
    return held(way, at=100, kind="gone", undo="r7", **more)


def test_a_creation_that_was_taken_back_stays_so():
    retired = {"gone": gone("unpublish")}
    away = listed(published=None, draft=True)
    assert found(wanted(2, at=None), held(2), away, item=retired) == LEFT
    assert found(wanted(2, at=None), held(2), item=retired) == LEFT
    newer = found(wanted(2, at=150), held(2), away, item=retired)
    assert causes.UNDONE not in [cause for cause, _ in newer]


def test_an_item_that_exists_again_after_its_creation_was_taken_back_is_retired_again():
    retired = {"gone": gone("archive")}
    assert found(wanted(2, at=None), held(2), listed(), item=retired) == [
        (causes.EDITED, causes.REPAIR)
    ]


def test_a_record_that_was_brought_back_is_not_retired_again():
    back = {"stored": (gone("archive", undone=True),)}
    assert found(None, held(1), listed(), item=back) == LEFT

"""
A list that changes while it is read, with faults: whatever happens, no record that was there all
the time is held for gone. The oracle knows the list before and after each request.
"""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from service.pulls.pulled_records import PulledRecords
from service.pulls.read_records import ReadRecords
from service.pulls.reading import read
from tests.support.paged_api import SIZE, Changing, FakeRequester, PagedApi, products
from workers.errors import PullFailed

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def ids(payload):
    return [payload["sku"]]


@given(
    rng=st.randoms(use_true_random=False),
    page=st.sampled_from(["number", "offset", "cursor", "link", ""]),
    total=st.booleans(),
    count=st.integers(0, 14),
    changes=st.integers(0, 4),
    faults=st.integers(0, 2),
)
def test_nothing_that_was_there_all_the_time_is_held_for_gone(
    rng, page, total, count, changes, faults
):
    api = PagedApi(products(count), page=page, size=SIZE, total=total)
    api.each = changing = Changing(api, rng, changes, faults)
    requester, pull = FakeRequester(api, PullFailed), api.pull()

    def again(records):
        return read(pull, requester, records, ids)

    with ReadRecords() as kept:
        try:
            records = PulledRecords(pull, read(pull, requester, kept, ids), NOW, requester, again)
        except PullFailed:
            return
        one_reading = api.calls
        found = [payload["sku"] for _, payload in records]
        assert len(found) == len(set(found))
        if not records.confirm(lambda: None):
            assert changing.always <= set(found)
        if changes == changing.changes and faults == changing.faults:
            # Nothing happened: it is whole, and both readings took the planned calls.
            assert records.doubt == ""
            assert sorted(found) == sorted(changing.always)
            assert (one_reading, api.calls) == (api.planned(), 2 * api.planned())

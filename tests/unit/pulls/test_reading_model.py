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
from tests.support.paged_api import FakeRequester, PagedApi, product, products
from workers.errors import PullFailed

SIZE = 4
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def ids(payload):
    return [payload["sku"]]


class Changing:
    """Between two requests it changes *api* at random, and keeps what was there all the time."""

    def __init__(self, api, rng, changes, faults):
        self.api, self.rng, self.changes, self.faults = api, rng, changes, faults
        self.new = 1000
        self.always = self.keys()
        # Once: a source that twice says the same wrong thing at the same place cannot be told
        # from one that has lost the records. The guard is for that.
        self.lies = [b'{"data": []}', b'{"data": [], "total": 0}']

    def keys(self):
        return {each["sku"] for each in self.api.records}

    def __call__(self, call):
        if call > 1:
            for _ in range(self.rng.choice([0, 0, 1, 2])):
                if self.changes:
                    self.changes -= 1
                    self.change()
        self.always &= self.keys()
        if self.faults and self.rng.random() < 0.2:
            self.faults -= 1
            lies, self.lies = self.lies, []
            return self.rng.choice(
                [
                    *lies,
                    (500, {}, b""),
                    b"",
                    b'{"data": [{"sku": "P-0001"}',
                    b'{"data": [], "next": null, "error": "x"}',
                    {"data": self.api.records[:SIZE], "next": "4"},
                ]
            )
        return None

    def change(self):
        records, rng = self.api.records, self.rng
        kind = rng.choice(["delete", "insert", "move", "edit"])
        index = rng.randrange(len(records)) if records else 0
        if kind == "insert" or not records:
            self.new += 1
            records.insert(index, product(self.new))
        elif kind == "delete":
            del records[index]
        elif kind == "move":
            records.insert(rng.randrange(len(records)), records.pop(index))
        else:
            records[index] = records[index] | {"qty": rng.randrange(9)}


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
        if not records.confirm():
            assert changing.always <= set(found)
        if changes == changing.changes and faults == changing.faults:
            # Nothing happened: it is whole, and both readings took the planned calls.
            assert records.doubt == ""
            assert sorted(found) == sorted(changing.always)
            assert (one_reading, api.calls) == (api.planned(), 2 * api.planned())

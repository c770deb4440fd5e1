"""What is listed of a delivery: short, read as it was written, and chosen without being read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.model.changes import Change, Delivery, FieldProblem, Incoming, LeftOut
from workers.store.delivery_summary import KEYS, KEYS_LONG, Summary, quick_check, summary_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


def change(record):
    return Change("m", "products", record, "key", (), None)


def delivery(records, topics=(), problems=(), secret=None):
    topics = iter(topics)
    events = [
        Incoming(None, next(topics, None), n, (change(record),)) for n, record in enumerate(records)
    ]
    events += [Incoming(None, topic, 0) for topic in topics]
    told = tuple(FieldProblem("path", text) for text in problems)
    return Delivery("erp", "t", (*events, Incoming(None, None, 0, (), told)), secret=secret)


def parsed(made, *, letter="k", marked=True):
    return Summary.parse(letter + summary_of(made, marked=marked))


@given(st.lists(TEXT, max_size=15), st.lists(TEXT, max_size=5), st.lists(TEXT, max_size=3))
def test_a_summary_is_read_as_it_was_written(records, topics, problems):
    found = parsed(delivery(records, topics, problems, "mark"))
    different = list(dict.fromkeys(records))
    assert found.events == max(len(records), len(topics)) + 1
    assert list(found.keys) == different[: len(found.keys)]
    assert found.count == len(different)
    assert list(found.topics) == list(dict.fromkeys(topics))[:3]
    assert found.secret == "mark"
    assert bool(found.reason) == bool(problems)


@given(st.lists(TEXT, min_size=1, max_size=15), st.data())
def test_a_quick_check_leaves_out_nothing_that_fits(records, data):
    key = data.draw(st.sampled_from(records))
    text = f"k{summary_of(delivery(records), marked=False)}".encode()
    assert quick_check("k", [key, "another"])(text)
    assert quick_check("", [key])(text)
    assert not quick_check("d", [key])(text)


def test_a_quick_check_tells_what_has_neither_outcome_nor_key():
    text = f"k{summary_of(delivery(['SKU-1']), marked=False)}".encode()
    assert not quick_check("", ["SKU-2"])(text)
    assert quick_check("d", ["SKU-2"])(b"")  # kept by an earlier release


def test_an_ordinary_one_is_short():
    event = Incoming("e1", "stock", 0, (change("SKU-1"),))
    assert summary_of(Delivery("erp", "t", (event,)), marked=False) == '[1,"stock","SKU-1"]'


def test_the_mark_of_the_only_secret_is_left_off():
    made = delivery(["a"], secret="mark")
    assert parsed(made, marked=False).secret == ""


def test_keys_of_left_out_fields_are_listed_too():
    left = (LeftOut("products", "SKU-9", "key", "price", None),)
    event = Incoming(None, None, 0, problems=(FieldProblem("cents", "wrong"),), left=left)
    assert parsed(Delivery("erp", "t", (event,))).keys == ("SKU-9",)


def test_what_is_listed_is_bounded():
    made = delivery([f"{n:0500}" for n in range(50)], [f"{n:0500}" for n in range(9)], ["x" * 9000])
    assert len(summary_of(made, marked=False)) < 1000
    many = parsed(delivery([str(n) for n in range(50)]))
    assert (len(many.keys), many.count) == (KEYS, 50)
    assert sum(map(len, parsed(delivery(["a" * 399, "b", "c"])).keys)) <= KEYS_LONG


@pytest.mark.parametrize("text", ["", "k", "k{}", "k[1", 'k["a",2,3]', "k[1,2,3,4,5,6,7,8]"])
def test_what_cannot_be_read_says_nothing(text):
    assert Summary.parse(text).outcome == "kept"


def test_an_empty_delivery_has_a_summary():
    assert json.loads(summary_of(Delivery("erp", "t", ()), marked=False)) == [0]

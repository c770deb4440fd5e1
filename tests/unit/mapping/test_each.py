"""``each``: one change per element, and every path read from element and event."""

import json

import pytest

from workers.model.changes import LeftOut

BODY = "stock = fields.Integer(data_key='each.qty')\nseen = fields.String(data_key='event.at')"
META = "each = 'lines'\nkey = 'each.sku'"


def lines(mapped):
    return [(c.record, {f.slug: json.loads(f.value) for f in c.fields}) for c in mapped.changes]


def test_every_element_is_a_change_of_its_own(changes):
    mapped = changes(BODY, META)(
        {"at": "noon", "lines": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}]}
    )
    assert lines(mapped) == [
        ("a", {"stock": 1, "seen": "noon"}),
        ("b", {"stock": 2, "seen": "noon"}),
    ]


def test_the_list_may_come_from_any_expression(changes):
    mapped = changes(BODY, "each = 'lines[?qty]'\nkey = 'each.sku'")(
        {"lines": [{"sku": "a"}, {"sku": "b", "qty": 2}]}
    )
    assert lines(mapped) == [("b", {"stock": 2})]


def test_elements_may_be_plain_values(changes):
    mapped = changes("seen = fields.String(data_key='event.at')", "each = 'ids'\nkey = 'each'")(
        {"at": "noon", "ids": [7, "8"]}
    )
    assert lines(mapped) == [("7", {"seen": "noon"}), ("8", {"seen": "noon"})]


@pytest.mark.parametrize("payload", [{}, {"lines": None}, {"lines": []}])
def test_no_list_has_no_elements(changes, payload):
    mapped = changes(BODY, META)(payload)
    assert (mapped.changes, mapped.problems, mapped.wanted) == ((), (), True)


def test_what_is_no_list_is_a_problem(changes):
    ((problem),) = changes(BODY, META)({"lines": {"sku": "a"}}).problems
    assert (problem.path, problem.message) == ("lines", "found an object; expected a list")


def test_a_problem_says_which_element_it_is_in(changes):
    mapped = changes(BODY, META)({"lines": [{"sku": "a", "qty": 1}, {"qty": "x"}]})
    assert lines(mapped) == [("a", {"stock": 1})]
    assert [problem.path for problem in mapped.problems] == ["each.sku", "each.qty"]
    assert all(problem.message.startswith("element 1: ") for problem in mapped.problems)


def test_thousands_of_problems_are_counted_not_listed(changes):
    problems = changes(BODY, META)({"lines": [{"sku": 1, "qty": "x"}] * 5000}).problems
    assert len(problems) == 101
    assert problems[-1].message == "and 4900 more problems"


def test_elements_that_write_one_field_of_one_record_leave_it_out_of_all(changes):
    body = "stock = fields.Integer(data_key='each.qty')\nname = fields.String(data_key='each.n')"
    mapped = changes(body, META)(
        {"lines": [{"sku": "a", "qty": 1, "n": "Oak"}, {"sku": "b", "qty": 9},
                   {"sku": "a", "qty": 2}]},
        version="t1",
    )  # fmt: skip
    assert lines(mapped) == [("a", {"name": "Oak"}), ("b", {"stock": 9})]
    assert mapped.left == (LeftOut("products", "a", "key", "stock", "t1"),)
    ((problem),) = mapped.problems
    assert problem.path == "each.qty"
    assert problem.message.startswith("elements 0, 2 write stock of a: 1, 2; expected one value")


def test_elements_that_write_one_value_agree(changes):
    body = "seen = fields.String(data_key='event.at')\nstock = fields.Integer(data_key='each.qty')"
    mapped = changes(body, "each = 'lines'\nkey = 'event.id'")(
        {"id": "a", "at": "noon", "lines": [{"qty": 5}, {}, {"qty": "5"}]}
    )
    assert (lines(mapped), mapped.problems) == ([("a", {"seen": "noon", "stock": 5})], ())


def test_a_value_beside_one_that_cannot_be_read_is_left_out_too(changes):
    mapped = changes(BODY, META)({"lines": [{"sku": "a", "qty": 1}, {"sku": "a", "qty": "x"}]})
    assert mapped.changes == ()
    assert [out.slug for out in mapped.left] == ["stock"]


def test_an_element_without_a_version_does_not_keep_the_others_back(changes):
    mapped = changes(BODY, META + "\nversion = 'each.rev'")(
        {"lines": [{"sku": "a", "qty": 1, "rev": 2}, {"sku": "a", "qty": 2}]}
    )
    assert lines(mapped) == [("a", {"stock": 1})]
    assert [problem.path for problem in mapped.problems] == ["each.rev"]


def test_elements_of_the_highest_version_that_differ_leave_the_field_out(changes):
    rows = [(1, 1), (2, 2), (3, 2)]
    mapped = changes(BODY, META + "\nversion = 'each.rev'")(
        {"lines": [{"sku": "a", "qty": qty, "rev": rev} for qty, rev in rows]}
    )
    assert mapped.changes == ()
    assert [out.version for out in mapped.left] == ["s" + "2".zfill(20)]


def test_the_higher_version_of_two_elements_stands_wherever_it_is(changes):
    read = changes(BODY, META + "\nversion = 'each.rev'")
    old, new = {"sku": "a", "qty": 1, "rev": 1}, {"sku": "a", "qty": 2, "rev": 2}
    for order in ([old, new], [new, old]):
        (change,) = read({"lines": order}).changes
        assert [field.value for field in change.fields] == ["2"]
        assert change.version == "s" + "2".zfill(20)


def test_elements_with_versions_keep_fields_of_two_versions_apart(changes):
    body = "stock = fields.Integer(data_key='each.qty')\nname = fields.String(data_key='each.n')"
    mapped = changes(body, META + "\nversion = 'each.rev'")(
        {"lines": [{"sku": "a", "qty": 1, "rev": 2}, {"sku": "a", "n": "Oak", "rev": 1}]}
    )
    assert [(c.version[-1], [f.slug for f in c.fields]) for c in mapped.changes] == [
        ("2", ["stock"]),
        ("1", ["name"]),
    ]


def test_versions_of_two_kinds_for_one_field_are_a_problem(changes):
    mapped = changes(BODY, META + "\nversion = 'each.rev'")(
        {"lines": [{"sku": "a", "qty": 1, "rev": 2},
                   {"sku": "a", "qty": 2, "rev": "2025-01-01T00:00:00Z"}]}
    )  # fmt: skip
    assert mapped.changes == ()
    assert [out.slug for out in mapped.left] == ["stock"]
    assert "versions of different kinds" in mapped.problems[0].message


def test_a_filter_drops_elements(changes):
    mapped = changes(BODY, META + "\nwhen = 'each.kind == event.kind'")(
        {"kind": "x", "lines": [{"kind": "x", "sku": "a", "qty": 1}, {"kind": "y"}]}
    )
    assert lines(mapped) == [("a", {"stock": 1})]

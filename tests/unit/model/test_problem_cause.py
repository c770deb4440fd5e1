"""Letters of one cause have one group, whatever record they are of."""

import pytest

from workers.model.problem_cause import cause_of, coarse


def refused(*problems, **more):
    told = [{"field": field, "message": message} for field, message in problems]
    options = {"kind": "refused", "where": "products", "status": 400, "code": "validation_error"}
    return cause_of(**options | {"problems": told, "message": "Validation Error"} | more)


def test_the_group_is_the_same_on_every_machine():
    assert refused(("price", "Is too long: 'abc'")).group == "p15fda73334"


def test_records_and_values_make_no_difference():
    one = refused(("price", "Is too long: abc-1"), own=["abc-1"], slugs=["price"])
    other = refused(("price", "Is too long: 'x'"), own=["k9"], slugs=["price", "name"])
    assert one.group == other.group


@pytest.mark.parametrize(
    "other",
    [
        refused(("stock", "Is too long: 'a'")),
        refused(("price", "Is too short: 'a'")),
        refused(("price", "Is too long: 'a'"), status=409),
        refused(("price", "Is too long: 'a'"), code="conflict"),
        refused(("price", "Is too long: 'a'"), where="stores"),
        refused(("price", "Is too long: 'a'"), kind="not-applied"),
        refused(("price", "Is too long: 'a'"), ("name", "Is too long: 'a'")),
    ],
)
def test_another_kind_place_field_status_code_or_message_is_another_cause(other):
    assert refused(("price", "Is too long: 'a'")).group != other.group


def test_the_order_of_the_problems_makes_no_difference():
    one = refused(("a", "Is too long"), ("b", "Is too short"))
    assert one.group == refused(("b", "Is too short"), ("a", "Is too long")).group


def test_places_in_a_list_make_no_difference():
    one = refused(("items[3].qty", "not a number"), ("items[4].qty", "not a number"))
    assert one.group == refused(("items[17].qty", "not a number")).group
    assert one.fields == ("items[].qty",)


def test_one_field_in_two_locales_is_one_field():
    one = refused(("name@de", "in de: Is too long"))
    assert one.group == refused(("name@fr", "in fr: Is too long")).group


def test_what_died_with_others_is_no_part_of_the_cause():
    one = cause_of(kind="exhausted", where="products", slugs=["a"], message="500: oops", status=500)
    other = cause_of(
        kind="exhausted", where="products", slugs=["a", "b"], message="500: oops", status=500
    )
    assert one.group == other.group
    assert one.fields == ()


def test_what_was_not_applied_is_told_by_its_fields():
    cause = cause_of(kind="not-applied", where="products", slugs=["b", "a"], message="not shown")
    assert (cause.fields, cause.title) == (("a", "b"), "a, b: not shown")


def test_a_retirement_is_told_as_people_know_it():
    cause = cause_of(kind="refused", where="products", slugs=[":gone"], message="still referenced")
    assert cause.title == "(retire): still referenced"
    assert refused((":gone", "still referenced")).fields == ("(retire)",)


def test_objects_that_cannot_be_fetched_have_one_cause():
    one = refused(("fetch", "abc: the answer 404"), kind="unmapped", where="erp")
    assert one.group == refused(("fetch", "x: the answer 404"), kind="unmapped", where="erp").group
    assert one.title == "fetch: the answer 404"


def test_very_many_problems_are_cut():
    cause = refused(*((f"f{'x' * n}", "bad") for n in range(50)))
    assert cause.title.endswith("; and more")
    assert len(cause.fields) == 8


def test_a_long_title_is_cut():
    assert len(refused(("price", "word " * 150)).title) == 300


def test_beyond_a_limit_all_causes_of_a_kind_are_one():
    one, other = refused(("a", "x")), refused(("b", "y"))
    assert coarse(one).group == coarse(other).group

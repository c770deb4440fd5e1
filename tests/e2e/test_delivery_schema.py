"""A schema that changes between two events: which one judges a value, and what it costs."""

from dataclasses import replace

import pytest

from service.sandbox.model.schema import Field


@pytest.fixture
def checked(open_way, api):
    """A way out by item ids, by each version, whose values are held against the schema."""
    return open_way(api=api, collection={"preflight": True}, linger=0.0)


@pytest.fixture
def many(open_way):
    """A way out by v2 to two hundred products, whose values are held against the schema."""
    way = open_way(items=200, collection={"preflight": True})
    way.site.rules.checks_merged = False  # what they hold breaks the stricter rules of below
    return way


def redo(way, slug, **options):
    """Change a field of the products, as somebody does in the designer."""
    way.products.fields[slug] = replace(way.products.fields[slug], **options)


def refusals(way):
    return [answer for answer in way.site.calls.statuses.elements() if answer == 400]


def test_a_value_is_not_refused_by_a_schema_that_is_older_than_it(checked):
    redo(checked, "supplier", validations={"maxLength": 5})
    checked.change(1, supplier="Oak")
    checked.run()
    redo(checked, "supplier", validations={"maxLength": 50})
    checked.change(2, supplier="Oak & Sons")
    checked.run()
    assert checked.live(2)["supplier"] == "Oak & Sons"
    assert checked.counts("written", "dead") == (2, 0)
    assert len(checked.gets()) == 2


def test_a_field_that_is_new_in_the_cms_is_found(checked):
    checked.change(1, stock=1)
    checked.run()
    checked.products.fields["material"] = Field("material", "PlainText")
    checked.change(2, material="Oak")
    checked.run()
    assert checked.live(2)["material"] == "Oak"
    assert not refusals(checked)


def test_after_a_rule_got_stricter_one_call_is_wasted(many):
    many.change(1, supplier="Oak & Sons")
    many.run()
    redo(many, "supplier", validations={"maxLength": 5})
    for n in range(2, 102):
        many.change(n, supplier="Oak & Sons", stock=n)
    many.run()
    assert len(refusals(many)) == 1
    assert many.shown("stock", range(2, 102)) == list(range(2, 102))
    assert many.counts("dead") == (100,)


def test_after_a_field_was_taken_away_one_call_is_wasted(checked):
    checked.change(1, supplier="Oak")
    checked.run()
    del checked.products.fields["supplier"]
    for n in range(2, 6):
        checked.change(n, supplier="Oak", stock=n)
    checked.run()
    assert len(refusals(checked)) == 1
    assert checked.counts("dead") == (4,)
    assert checked.shown("stock", range(2, 6)) == [2, 3, 4, 5]


def test_a_letter_is_replayed_by_the_schema_as_it_is_then(checked):
    redo(checked, "supplier", validations={"maxLength": 5})
    checked.change(1, supplier="Oak & Sons")
    checked.run()
    (letter,) = checked.letters()
    redo(checked, "supplier", validations={})
    checked.context.letters.replay(letter.id)
    checked.run()
    assert checked.live(1)["supplier"] == "Oak & Sons"
    assert not checked.letters()


def test_an_unreadable_schema_lets_out_what_the_old_one_refuses(checked):
    checked.change(1, supplier="Oak")
    checked.run()
    redo(checked, "supplier", type="Number")
    checked.down(500, match={"method": "GET"})
    checked.change(2, stock="many")
    checked.run()
    (letter,) = checked.letters()
    assert letter.status == 400


def test_a_refusal_has_the_schema_read_even_where_it_was_just_read_in_vain(many):
    many.change(1, supplier="Oak & Sons", stock="many")
    many.run()
    for n in range(3):
        many.change(1, stock=f"many {n}")
        many.run()
    redo(many, "supplier", validations={"maxLength": 5})
    for n in range(2, 102):
        many.change(n, supplier="Oak & Sons", stock=n)
    many.run()
    assert len(refusals(many)) == 1


def make_anew(way, slug):
    """Make a field of options anew, which clears it; return label → the id that it has now."""
    labels = way.products.fields[slug].options.values()
    options = [{"id": f"{n:032x}", "name": label} for n, label in enumerate(labels)]
    redo(way, slug, validations={"options": options}, id="")
    way.products.put_field(way.products.fields[slug])
    for item in way.products.items.values():
        item.staged.fields[slug] = None
    return {one["name"]: one["id"] for one in options}


@pytest.mark.parametrize("later", [0, 61], ids=["soon", "late"])
def test_an_option_of_a_field_made_anew_is_sent_once_more_by_its_new_id(checked, later):
    checked.change(1, category="Sofas")
    checked.run()
    ids = make_anew(checked, "category")
    checked.pass_time(later)
    checked.forget_requests()
    checked.change(1, category="Lamps", stock=7)
    checked.run()
    assert (checked.live(1)["category"], checked.live(1)["stock"]) == (ids["Lamps"], 7)
    assert [request.method[0] for request in checked.requests] == ["P", "G", "P"]
    assert checked.counts("dead") == (0,)
    make_anew(checked, "category")  # another time: it is no matter of the first
    checked.change(1, category="Sofas")
    checked.run()
    assert checked.counts("dead") == (0,)


def test_an_option_that_the_cms_refuses_by_each_schema_dies_after_two_calls(checked):
    checked.change(1, category="Sofas")
    checked.run()
    checked.pass_time(61)
    checked.forget_requests()
    checked.fault("status", status=400, message="Validation Error", times=None)
    checked.change(1, category="Lamps")
    checked.run()
    assert [request.method for request in checked.requests].count("GET") == 1
    assert len(checked.requests) == 3
    assert checked.counts("dead", "pending") == (1, 0)

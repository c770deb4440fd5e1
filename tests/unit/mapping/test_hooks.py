"""What users hang on fields and schemas: it works, and whatever it raises is a problem."""

import pytest


def test_a_validator_of_a_field_is_asked(one):
    read = one("name = fields.String(data_key='d.n', validate=validate.Length(max=3))")
    assert read({"sku": 1, "d": {"n": "Oak"}}) == {"name": "Oak"}
    assert read({"sku": 1, "d": {"n": "Beech"}}) == [
        ("d.n", 'Longer than maximum length 3; found "Beech"')
    ]


@pytest.mark.parametrize("place", ["validate", "pre_load", "post_load"])
def test_what_a_callable_of_a_field_raises_is_a_problem_of_its_path(one, place):
    read = one(f"name = fields.String(data_key='d.n', {place}=lambda v: {{}}[v])\nx = fields.Raw()")
    ((path, message),) = read({"sku": 1, "x": 1, "d": {"n": "Oak"}})
    assert path == "d.n"
    assert message.startswith("KeyError: ")


def test_a_hook_that_runs_before_an_integer_may_round(one):
    assert one("n = fields.Integer(pre_load=round)")({"sku": 1, "n": 1.6}) == {"n": 2}


def test_hooks_of_the_schema_see_values_by_path_and_then_by_attribute(one):
    read = one("""
        in_stock = fields.Integer(data_key="d.n")
        @pre_load
        def double(self, data, **kwargs):
            return {"d.n": data["d.n"] * 2}
        @post_load
        def more(self, data, **kwargs):
            return {"in_stock": data["in_stock"] + 1}
    """)
    assert read({"sku": 1, "d": {"n": 5}}) == {"in-stock": 11}


def test_a_validator_of_the_schema_speaks_for_the_mapping(one):
    read = one("""
        n = fields.Integer()
        @validates_schema
        def never(self, data, **kwargs):
            raise ValidationError("not today")
    """)
    assert read({"sku": 1, "n": 5}) == [("One", "not today")]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("5", "a hook returned int"),
        ("{'other': 1}", "a hook added 'other', which is no field"),
        ("1 / 0", "ZeroDivisionError"),
        ("{'n': object()}", "TypeError"),
    ],
)
def test_a_hook_of_the_schema_that_returns_or_raises_nonsense_is_a_problem(one, result, said):
    read = one(f"""
        n = fields.Integer()
        @post_load
        def more(self, data, **kwargs):
            return {result}
    """)
    ((_, message),) = read({"sku": 1, "n": 5})
    assert said in message


def test_a_message_that_utf8_cannot_hold_is_made_to_fit(one):
    read = one("n = fields.String(validate=validate.Equal('x', error='{input}'))")
    ((_, message),) = read({"sku": 1, "n": "\ud800" * 1000})
    assert message.encode()
    assert len(message) < 400

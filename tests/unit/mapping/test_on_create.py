"""Fields that a mapping writes at the creation of an item only."""

import pytest

SHOP = """
    class Shop(Mapping):
        class Meta:
            source, collection, key = "erp", "products", "sku"
            on_create = {named}

        name = fields.String()
        first_text = fields.String()
        slug = fields.String()
"""


def marked(mappings, named):
    rule = mappings(SHOP.format(named=named)).rules[0]
    return {target.slug for target in rule.targets if target.on_create}


def test_fields_are_named_by_slug_or_as_in_the_class(mappings):
    assert marked(mappings, '("slug", "first-text")') == {"slug", "first-text"}
    assert marked(mappings, '["slug", "first_text"]') == {"slug", "first-text"}


def test_their_values_say_so(mappings):
    payload = {"sku": "A", "name": "Desk", "first_text": "x", "slug": "desk"}
    loaded = mappings(SHOP.format(named='("slug", "first_text")'))
    (change,) = loaded.changes("erp", None, payload, version=None).changes
    assert {value.slug for value in change.fields if value.on_create} == {"slug", "first-text"}


def test_a_slug_among_them_needs_no_permission_and_one_that_is_not_does(refused):
    (problem,) = refused(SHOP.format(named='("name",)'))
    assert "Meta.allow_slug" in str(problem)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ('"slug"', "found 'slug'"),
        ('("slug", "colour")', "found 'colour'"),
        ('("slug", 7)', "found 7"),
        ('("slug", ["name"])', "found ['name']"),
        ("True", "found True"),
    ],
)
def test_what_names_no_field_is_refused_with_the_fields_that_there_are(refused, named, words):
    told = [str(problem) for problem in refused(SHOP.format(named=named))]
    (problem,) = [each for each in told if "Meta.on_create" in each]
    assert words in problem
    assert "tuple of fields" in problem or "first-text, name, slug" in problem


def test_a_field_that_another_mapping_always_writes_is_refused(refused):
    other = """
    class Other(Mapping):
        class Meta:
            source, collection, key = "erp", "products", "sku"

        first_text = fields.String()
    """
    (problem,) = refused(SHOP.format(named='("slug", "first_text")') + other)
    assert "first-text, which Other" in str(problem)

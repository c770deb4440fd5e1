"""Which CMS field an attribute writes."""

import pytest


@pytest.mark.parametrize(
    ("declared", "slug"),
    [
        ("in_stock = fields.Boolean(data_key='x')", "in-stock"),
        ("_draft = fields.Boolean(data_key='x')", "_draft"),
        ("_archived = fields.Boolean(data_key='x')", "_archived"),
        ("short = fields.Boolean(data_key='x', attribute='very-long')", "very-long"),
        ("short = fields.Boolean(data_key='x', attribute='with_underscore')", "with_underscore"),
        ("fields_ = fields.Boolean(data_key='x')", "fields-"),
    ],
)
def test_the_slug_is_the_name_with_hyphens_or_the_attribute(one, declared, slug):
    assert one(declared)({"sku": 1, "x": True}) == {slug: True}


@pytest.mark.parametrize("flag", ["_draft", "_archived"])
def test_a_status_flag_has_a_type_of_its_own(changes, flag):
    (change,) = changes(f"{flag} = fields.Boolean()")({"sku": 1, flag: "yes"}).changes
    assert [(field.value, field.type) for field in change.fields] == [("true", "flag")]


def test_the_slug_may_be_written_when_the_mapping_says_so(one):
    read = one("slug = fields.String()", "key = 'sku'\nallow_slug = True")
    assert read({"sku": 1, "slug": "oak-desk"}) == {"slug": "oak-desk"}


@pytest.mark.parametrize(
    "declared", ["slug = fields.String()", "handle = fields.String(attribute='slug')"]
)
def test_the_slug_is_refused_without_that(refused, declared):
    (problem,) = refused(f"""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            {declared}
    """)
    assert problem.startswith(f"mappings.py: One.{declared.split()[0]}: ")
    assert "allow_slug = True" in problem


@pytest.mark.parametrize(
    "declared",
    [
        "_hidden = fields.Boolean()",
        "x = fields.String(attribute='with space')",
        "x = fields.String(attribute='a.b')",
        "x = fields.String(attribute=5)",
        "_draft = fields.String()",
        "_archived = fields.Boolean(allow_none=True)",
    ],
)
def test_what_no_cms_field_can_be_called_is_refused(refused, declared):
    (problem,) = refused(f"""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            {declared}
    """)
    assert problem.startswith(f"mappings.py: One.{declared.split()[0]}: ")


@pytest.mark.parametrize("other", ["in-stock", "same"])
def test_two_fields_of_one_mapping_may_not_write_one_slug(refused, other):
    first = "in_stock = fields.Boolean()" if other == "in-stock" else "same = fields.String()"
    (problem,) = refused(f"""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            {first}
            second = fields.String(attribute="{other}")
    """)
    assert problem.startswith(f"mappings.py: One.second: found slug {other}, which ")

"""Mappings whose items are created when they are missing."""

from dataclasses import replace

import pytest

from service.mapping.load import load
from workers.errors import ConfigurationInvalid

ONE = """
    from marshmallow import fields
    from service.mapping import Mapping

    class {name}(Mapping):
        class Meta:
            source, collection, {by} = "erp", "products", "sku"

        {field} = fields.String()
"""


@pytest.fixture
def creating(settings):
    """Loads mappings by (name, field, by) into a collection that creates what is missing."""

    def make(*mappings, missing="create"):
        files = {
            f"{name}.py": ONE.format(name=name, field=field, by=by) for name, field, by in mappings
        }
        found = settings(files)
        products = replace(found.collections["products"], missing=missing)
        return load(replace(found, collections={**found.collections, "products": products}))

    return make


def test_mappings_that_can_never_give_a_name_are_refused(creating):
    with pytest.raises(ConfigurationInvalid) as caught:
        creating(("A", "stock", "key"), ("B", "price", "key"))
    (problem,) = map(str, caught.value.problems)
    assert problem.startswith("A.py: A: found no field name, in no mapping of collection products")


def test_beside_a_mapping_that_cannot_be_read_no_name_is_missed(creating):
    with pytest.raises(ConfigurationInvalid) as caught:
        creating(("A", "stock", "key"), ("B", "name", "keys"))
    assert "found no field name" not in "\n".join(map(str, caught.value.problems))


def test_one_mapping_of_a_collection_that_gives_a_name_is_enough(creating):
    assert len(creating(("A", "stock", "key"), ("B", "name", "key")).rules) == 2


@pytest.mark.parametrize("missing", ["dead-letter", "ignore"])
def test_where_nothing_is_created_no_name_is_needed(creating, missing):
    assert creating(("A", "stock", "key"), missing=missing).rules


def test_mappings_by_item_id_create_nothing_and_need_no_name(creating):
    assert creating(("A", "stock", "item")).rules

"""Which name a mistyped one means."""

import pytest

from workers.model.nearest import nearest


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("SKU", ("name", "sku"), "sku"),
        ("in_stock", ("stock", "in-stock"), "in-stock"),
        ("In stock ", ("in-stock",), "in-stock"),
        ("orders/updated", ("orders/create", "orders/updated"), "orders/updated"),
        ("order/created", ("products/create", "orders/create"), "orders/create"),
        ("sku", ("SKU", "sku"), "SKU"),
        ("price", ("colour",), None),
        ("price", (), None),
    ],
)
def test_the_nearest_name_is_found_whatever_its_case_and_marks(word, known, found):
    assert nearest(word, known) == found

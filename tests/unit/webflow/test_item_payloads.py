"""What an update sends of an item."""

import pytest

from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.webflow.item_payloads import prepare
from workers.webflow.schema import Schema


@pytest.mark.parametrize("slug", ["note", "note@de"])
@pytest.mark.parametrize(("cms_type", "sent"), [("PlainText", ""), ("Number", None)])
def test_a_null_that_the_cms_ignored_goes_again_as_empty_text_to_text_fields_only(
    slug, cms_type, sent
):
    field = ClaimedField(slug, "null", "plain", 1, misses=1)
    batch = Batch("t", "site", "products", (ClaimedItem("k", "i", (field,)),))
    known = {"slug": "note", "type": cms_type, "displayName": "Note", "options": []}
    found = prepare(batch, "v2", Schema({"note": known}), checked=False)
    assert found.values == {"k": {slug: sent}}

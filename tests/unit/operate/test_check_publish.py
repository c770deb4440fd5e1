"""A publish of the site takes along what people do in the Designer: that is told before."""

import pytest

from service.config.build import build
from service.operate.check_publish import designer_changes

TOML = """
mappings = ["mappings.py"]

[destinations.shop]
token = "t0ken"
publish = "{publish}"

[collections.products]
destination = "shop"
id = "65f000000000000000000001"
key = "sku"
{more}

[sources.erp]
sender = "hmac"
secrets = ["s3cret"]
header = "X-Signature"
id = "id"
topic = "type"
"""
MAPPING = """
from marshmallow import fields
from service.mapping import Mapping

class Stock(Mapping):
    class Meta:
        source = "erp"
        topics = ("stock",)
        collection = "products"
        key = "sku"

    {field} = fields.{kind}(data_key="value")
"""
GONE = """
class Gone(Mapping):
    class Meta:
        source = "erp"
        topics = ("gone",)
        collection = "products"
        key = "sku"
        on_delete = "{way}"
"""


@pytest.fixture
def warned(tmp_path):
    """Return the warnings of a configuration."""

    def _warned(publish, *, more="", field="stock", kind="Integer", gone=""):
        text = MAPPING.format(field=field, kind=kind) + gone
        (tmp_path / "mappings.py").write_text(text, encoding="utf-8")
        toml = TOML.format(publish=publish, more=more)
        (tmp_path / "instep.toml").write_text(toml, encoding="utf-8")
        configuration = build({"INSTEP_CONFIG": str(tmp_path / "instep.toml")})
        return [each.found.partition(":")[0] for each in designer_changes(configuration)]

    return _warned


ARCHIVED = ['publish = "items", and items that are archived']


@pytest.mark.parametrize(
    ("publish", "options", "found"),
    [
        ("never", {}, []),
        ("items", {}, []),
        ("site", {}, ['publish = "site"']),
        ("never", {"field": "_archived", "kind": "Boolean"}, []),
        ("items", {"field": "_archived", "kind": "Boolean"}, ARCHIVED),
        ("items", {"gone": GONE.format(way="archive")}, ARCHIVED),
        ("items", {"gone": GONE.format(way="unpublish")}, []),
        (
            "items",
            {"more": '[collections.products.reconcile]\norphans = "archive"'},
            ARCHIVED,
        ),
    ],
)
def test_it_is_told_where_a_site_may_be_published(warned, publish, options, found):
    assert warned(publish, **options) == found

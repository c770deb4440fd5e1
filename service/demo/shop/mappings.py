"""
Which part of a payload fills which field. Three sources write different fields of one product.
"""

from marshmallow import fields

from service.mapping import Mapping, Option, RichText


class ShopProduct(Mapping):
    """The shop: name, price and description. The newest `updated_at` wins."""

    class Meta:
        source = "shop"
        topics = ("products/update",)
        collection = "products"
        key = "variants[0].sku"

    name = fields.String(data_key="title")
    price = fields.Float(data_key="variants[0].price")
    description = RichText(data_key="body_html")


class StockLevel(Mapping):
    """The stock system: the quantity. It numbers its changes, so the highest number wins."""

    class Meta:
        source = "stock"
        topics = ("stock.changed",)
        collection = "products"
        key = "data.sku"
        version = "data.revision"

    stock = fields.Integer(data_key="data.qty", strict=True)
    in_stock = fields.Boolean(data_key="data.qty > `0`")


class Supply(Mapping):
    """The CRM: supplier and category, often only one of the two."""

    class Meta:
        source = "crm"
        topics = ("product.assigned",)
        collection = "products"
        key = "data.product"

    supplier = fields.String(data_key="data.supplier")
    category = Option(data_key="data.category")

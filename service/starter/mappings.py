"""What of a payload goes into which field of which item."""

from marshmallow import fields

from service.mapping import Mapping


class Stock(Mapping):
    """A count of the stock system. Only the fields named here are ever written."""

    class Meta:
        source = "erp"
        topics = ("stock.changed",)
        collection = "products"
        key = "data.sku"

    stock = fields.Integer(data_key="data.qty")
    in_stock = fields.Boolean(data_key="data.qty > `0`")  # the CMS field in-stock

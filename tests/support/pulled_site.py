"""A sandbox whose products come from a paged API, and an installation that pulls them."""

from service.sandbox.seeds.samples import PRODUCTS
from tests.support.paged_api import PagedApi, products, serve
from tests.support.planted_site import RATE, TOKEN, Planted
from tests.support.real_processes import Instep

CONFIGURATION = """
mappings = ["mappings.py"]

[destinations.site]
token = "{token}"
base_url = "{cms}"
requests_per_minute = {rate}

[collections.products]
destination = "site"
id = "{collection}"
key = "sku"
missing = "create"

[collections.products.reconcile]
orphans = "delete"

[collections.products.guard]
at_most = {at_most}
delay = 0

[pulls.feed]
{pull}
"""

MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Product(Mapping):
    class Meta:
        source = "feed"
        collection = "products"
        key = "sku"

    stock = fields.Integer(data_key="qty")
    name = fields.String()
"""


class PulledSite:
    """
    *count* items in the CMS, and as many records in the API, which has other values.

    Args:
        options: Of the `PagedApi`.
    """

    def __init__(self, count, **options):
        self.planted = Planted(count, share=0)
        self.api = PagedApi(products(count), **options)
        self.server = serve(self.api)
        self.server.__enter__()

    def close(self):
        self.server.__exit__()
        self.planted.close()

    def configuration(self, *, more="", at_most=10, **options):
        pull = self.api.options(self.server.url) | options
        lines = [f"{name} = {_toml(value)}" for name, value in pull.items()]
        return CONFIGURATION.format(
            token=TOKEN,
            cms=self.planted.url,
            rate=RATE,
            collection=PRODUCTS,
            at_most=at_most,
            pull="\n".join([*lines, more]),
        )

    def installed(self, folder, **options):
        """Return an installation in *folder*."""
        text = self.configuration(**options)
        return Instep(folder, self.planted, mappings=MAPPINGS, configuration=text)

    @property
    def shown(self):
        """Key → stock of all live items."""
        items = self.planted.products.items.values()
        return {i.live.fields["sku"]: i.live.fields["stock"] for i in items if i.live is not None}

    @property
    def wanted(self):
        return {each["sku"]: each["qty"] for each in self.api.records}


def _toml(value):
    return f'"{value}"' if isinstance(value, str) else str(value).lower()

"""
BigCommerce: the product that a product, SKU, stock or assignment notice names.

The reference lists the values of ``include``: the overview names ``variants`` and ``images``,
client libraries also use ``custom_fields``. With ``options`` or ``modifiers`` the API returns fewer
results.

https://developer.bigcommerce.com/docs/rest-catalog/products
https://developer.bigcommerce.com/docs/integrations/webhooks/events
https://docs.bigcommerce.com/developer/api-reference/rest/overview
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from service.fetchers.api_client import Api, pick
from service.fetchers.base import FetcherConfig, FetcherKind, Notice
from service.fetchers.options import words
from service.senders.options import matching
from workers.errors import FetchRefused


class BigcommerceProductOptions(Schema):
    store = matching("[a-z0-9]+", "the store's hash, as it stands in the API path: stores/HASH")
    include = words("variants", "images", "custom_fields", least=0)


@dataclass(frozen=True, slots=True)
class Product:
    api: Api
    store: str
    include: tuple[str, ...]
    # data.id alone is the id of any data.type: a SKU, an order, a customer.
    object: str = (
        "data.inventory.product_id || data.sku.product_id || data.product_id"
        " || (data.type == 'product' && data.id) || `null`"
    )

    def __call__(self, notice: Notice) -> Any:
        self._require_own(notice.payload)
        if not re.fullmatch("[0-9]{1,18}", notice.object):
            raise FetchRefused(f"the notice names {notice.object[:60]!r}, expected a product's id")
        path = f"/stores/{self.store}/v3/catalog/products/{notice.object}"
        query = {"include": ",".join(self.include)} if self.include else {}
        return pick(f"GET {path}", self.api.get(path, query), "data", dict)

    def _require_own(self, payload: Any) -> None:
        # One app serves many stores, and their ids are all small numbers.
        producer = payload.get("producer") if isinstance(payload, dict) else None
        if producer is not None and producer != f"stores/{self.store}":
            found = str(producer)[:60]
            raise FetchRefused(f"the notice is of {found!r}, expected 'stores/{self.store}'")


def build(config: FetcherConfig) -> Product:
    api = Api(config.root, {"X-Auth-Token": config.token}, config.token)
    return Product(api, config.options["store"], config.options["include"])


KIND = FetcherKind(
    build,
    sender="bigcommerce",
    base_url="https://api.bigcommerce.com",
    reads="the product, with its variants, images and custom fields",
    key="access token of an API account, scope Products read-only",
    options=BigcommerceProductOptions,
)

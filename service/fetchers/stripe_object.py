"""
Stripe: the object that a thin event names, or a fresh copy of the one in a snapshot event.

A thin event has the path in ``related_object.url``, and the account to act for in ``context``; a
snapshot event of a connected account has it in ``account``. No source says whether /v2 answers
without ``Stripe-Version``: the official libraries always send one. So set ``version`` for thin
events; without it the account's default applies.

https://docs.stripe.com/event-destinations
https://docs.stripe.com/api/v2/core/events/event-types
https://docs.stripe.com/context
https://docs.stripe.com/api/versioning
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema

from service.fetchers.api_client import Api, named, part, pick
from service.fetchers.base import FetcherConfig, FetcherKind, Notice
from service.senders.options import matching
from workers.errors import FetchRefused

THIN: Final = "v2.core.event"

# Object type → path under which objects are retrieved by id.
PATHS: Final[Mapping[str, str]] = {
    kind: f"/v1/{kind.replace('.', '/')}s"
    for kind in (
        *("charge", "checkout.session", "coupon", "customer", "invoice", "payment_intent"),
        *("payment_link", "plan", "price", "product", "promotion_code", "quote", "refund"),
        *("shipping_rate", "subscription", "tax_rate"),
    )
}

# No percent sign: it may encode a dot. No query: none of the documented events has one.
_URL: Final = re.compile(r"/v[12](?:/[A-Za-z0-9_.~-]+)+", re.ASCII)
_ACCOUNTS: Final = re.compile(r"[A-Za-z0-9_]+(?:/[A-Za-z0-9_]+)*", re.ASCII)


class StripeObjectOptions(Schema):
    version = matching(
        "[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[.][a-z0-9]+)*",
        "a version of the API, as in 2026-09-30.endive",
        load_default=None,
    )


@dataclass(frozen=True, slots=True)
class StripeObject:
    api: Api
    # Singletons of an account, such as its balance settings, have a URL and no id.
    object: str = "related_object.id || related_object.url || data.object.id"

    def __call__(self, notice: Notice) -> Any:
        payload = notice.payload
        thin = isinstance(payload, dict) and payload.get("object") == THIN
        path = _related(payload) if thin else _retrieved(payload, notice.object)
        found = self.api.get(path, headers=_acting(payload))
        pick(f"GET {path}", found, "object", str)
        return found


def _related(payload: Any) -> str:
    url = named(payload, "related_object.url")
    if not _URL.fullmatch(url) or any(not step.strip(".") for step in url.split("/")[1:]):
        raise FetchRefused(f"the notice names {url[:60]!r}, expected a path under /v1/ or /v2/")
    return url


def _retrieved(payload: Any, object_id: str) -> str:
    kind = named(payload, "data.object.object")
    if kind not in PATHS:
        known = ", ".join(PATHS)
        raise FetchRefused(f"the notice holds a {kind[:60]!r}, expected one of {known}")
    return f"{PATHS[kind]}/{part(object_id)}"


def _acting(payload: Any) -> dict[str, str]:
    """Return the header for the notice's account, if it is not the token's."""
    for name, header in (("context", "Stripe-Context"), ("account", "Stripe-Account")):
        value = payload.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or not _ACCOUNTS.fullmatch(value):
            raise FetchRefused(f"the notice has {str(value)[:60]!r} as {name}, expected an account")
        return {header: value}
    return {}


def build(config: FetcherConfig) -> StripeObject:
    return StripeObject(config.api(version_header="Stripe-Version"))


KIND = FetcherKind(
    build,
    sender="stripe",
    base_url="https://api.stripe.com",
    reads="the object as it is now",
    key="restricted key with read access to these objects; for /v2 a secret key",
    options=StripeObjectOptions,
)

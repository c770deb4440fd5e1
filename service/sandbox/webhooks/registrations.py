"""
Registered webhooks: trigger, receiver and counts.

https://developers.webflow.com/data/reference/webhooks/create
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PER_TRIGGER = 75  # registrations of one trigger type
FORMS = "form_submission"  # the one trigger type that takes a filter

TRIGGERS = (
    FORMS,
    "site_publish",
    "page_created",
    "page_metadata_updated",
    "page_deleted",
    "ecomm_new_order",
    "ecomm_order_changed",
    "ecomm_inventory_changed",
    "collection_item_created",
    "collection_item_changed",
    "collection_item_deleted",
    "collection_item_published",
    "collection_item_unpublished",
    "comment_created",
)
RAISED = tuple(  # those that the stand-in can raise
    one for one in TRIGGERS if one.startswith("collection_item_") or one == "site_publish"
)
RETRY_SECONDS = 600.0


@dataclass(slots=True)
class Registration:
    """
    One registered webhook.

    Args:
        secret: Signs its deliveries; shown once, in the answer to the registration.
        triggered: The time of its last event.
        active: False once a delivery has failed for good: nothing more is sent.
        status: Of the last answer; 0: there was none.
    """

    id: str
    trigger: str
    url: str
    created: datetime
    filter: Mapping[str, Any] | None = None
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    triggered: datetime | None = None
    active: bool = True
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    status: int | None = None

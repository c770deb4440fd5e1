"""One call, or a few, to every operation of the description: what is sent, what comes back."""

from dataclasses import dataclass, field
from typing import Any

from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.site.site import SITE_ID

UNKNOWN = "65f0" + "9" * 20


@dataclass(frozen=True, slots=True)
class Call:
    """
    Args:
        operation: Its id in the description.
        status: The status that is expected.
        ids: Of the path; a name that begins with $ is one that was kept.
        body: The same.
        keep: What to keep of the answer: name and the keys that lead to it.
        token: Whether it carries one that is valid.
        fault: What the sandbox is told to answer.
    """

    operation: str
    status: int = 200
    ids: dict[str, str] = field(default_factory=dict)
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    keep: tuple[str, tuple[Any, ...]] | None = None
    token: bool = True
    fault: int | None = None


IN_SITE = {"site_id": SITE_ID}
IN_PRODUCTS = {"collection_id": PRODUCTS}
IN_POSTS = {"collection_id": "$posts"}
FIRST = IN_PRODUCTS | {"item_id": product_id(1)}
SECOND = IN_PRODUCTS | {"item_id": product_id(2)}
DRAFT = IN_PRODUCTS | {"item_id": "$draft"}


def new(name, **fields):
    return {"fieldData": {"name": name, "slug": name.lower().replace(" ", "-"), **fields}}


# The description demands these of each item that is created live in a batch, read-only as they are.
READ_ONLY = {
    "id": UNKNOWN,
    "lastPublished": "2025-01-01T00:00:00.000Z",
    "lastUpdated": "2025-01-01T00:00:00.000Z",
    "createdOn": "2025-01-01T00:00:00.000Z",
}
FIELDS = [
    {"type": "RichText", "displayName": "Post Body", "isRequired": True},
    {"type": "Option", "displayName": "Mood", "metadata": {"options": [{"name": "Glad"}]}},
    {"type": "Reference", "displayName": "Product", "metadata": {"collectionId": PRODUCTS}},
]
COLLECTION = {"displayName": "Blog Posts", "singularName": "Blog Post", "slug": "posts"}
CHANGE = {"isDraft": False, "fieldData": {"price": 7, "in-stock": True}}
MANY = {"items": [{"id": product_id(n), "fieldData": {"price": n}} for n in range(1, 101)]}
LATE = {"createdOn[gte]": "2024-01-01T00:00:00Z", "lastUpdated[lte]": "2036-01-01T00:00:00Z"}
PAGE = {"limit": 2, "offset": 1, "sortBy": "name", "sortOrder": "asc", **LATE}

SITES = (
    Call("list-sites"),
    Call("get-site", ids=IN_SITE),
    Call("get-site", 404, {"site_id": UNKNOWN}),
    Call("get-custom-domains", ids=IN_SITE),
    Call("update-site", 403, IN_SITE, {"name": "Another"}),
    Call("delete-site", 403, IN_SITE),
    Call("site-publish", 202, IN_SITE, {"publishToWebflowSubdomain": True}),
    Call("site-publish", 429, IN_SITE, {"publishToWebflowSubdomain": True}),
)
COLLECTIONS = (
    Call("list-collections", ids=IN_SITE),
    Call(
        "create-collection", 200, IN_SITE, COLLECTION | {"fields": FIELDS}, keep=("posts", ("id",))
    ),
    Call("create-collection", 409, IN_SITE, COLLECTION),
    Call("create-collection", 400, IN_SITE, {"displayName": "Notes"}),
    Call("collection-details", ids=IN_PRODUCTS),
    Call("collection-details", ids=IN_POSTS),
    Call("collection-details", 400, {"collection_id": "no-id"}),
    Call("collection-details", 404, {"collection_id": UNKNOWN}),
    Call("create-field", 200, IN_POSTS, FIELDS[1] | {"displayName": "Tone"}),
    Call("create-field", 200, IN_POSTS, FIELDS[2] | {"displayName": "Other"}),
    Call(
        "create-field",
        200,
        IN_POSTS,
        {"type": "PlainText", "displayName": "Wood"},
        keep=("field", ("id",)),
    ),
    Call("create-field", 400, IN_POSTS, {"displayName": "Wood"}),
    Call("update-field", 200, IN_POSTS | {"field_id": "$field"}, {"displayName": "Kind"}),
    Call("update-field", 404, IN_POSTS | {"field_id": UNKNOWN}, {"displayName": "Kind"}),
    Call("delete-field", 204, IN_POSTS | {"field_id": "$field"}),
)
READS = (
    Call("list-collection-items", ids=IN_PRODUCTS, query=PAGE),
    Call("list-collection-items", 400, IN_PRODUCTS, query={"limit": 101}),
    Call("list-collection-items-live", ids=IN_PRODUCTS, query=PAGE),
    Call("Get-Item", ids=FIRST),
    Call("Get-Item", 404, IN_PRODUCTS | {"item_id": UNKNOWN}),
    Call("get-item-live", ids=FIRST),
    Call("get-item-live", 401, FIRST, token=False),
    Call("get-item-live", 429, FIRST, fault=429),
    Call("get-item-live", 500, FIRST, fault=500),
)
CREATES = (
    Call("create-item", 202, IN_PRODUCTS, new("Oak desk", price=12.5), keep=("draft", ("id",))),
    Call("create-item", 202, IN_PRODUCTS, {"items": [new("Ash desk"), new("Elm desk")]}),
    Call("create-item", 400, IN_PRODUCTS, new("Fir desk", colour="red")),
    Call("get-item-live", 404, DRAFT),
    Call("Get-Item", ids=DRAFT),
    Call("create-item-live", 202, IN_PRODUCTS, new("Oak bench")),
    Call(
        "create-item-live",
        202,
        IN_PRODUCTS,
        {"items": [READ_ONLY | new("Ash bench"), READ_ONLY | new("Elm bench")]},
    ),
    Call("create-items", 202, IN_PRODUCTS, new("Oak stool") | {"isDraft": False}),
    Call("create-items", 202, IN_PRODUCTS, new("Ash stool") | {"cmsLocaleIds": "$locales"}),
    Call(
        "create-items",
        202,
        IN_PRODUCTS,
        {"fieldData": [new("Elm stool")["fieldData"], new("Fir stool")["fieldData"]]},
    ),
)
UPDATES = (
    Call("update-item", 200, FIRST, CHANGE),
    Call("update-item", 200, DRAFT, CHANGE),
    Call("update-item", 400, FIRST, {"fieldData": {"colour": "red"}}),
    Call("update-item-live", 200, FIRST, CHANGE),
    Call("update-item-live", 409, DRAFT, CHANGE),
    Call("update-items", 200, IN_PRODUCTS, MANY),
    Call("update-items", 404, IN_PRODUCTS, {"items": [{"id": UNKNOWN, "isDraft": True}]}),
    Call("update-items-live", 200, IN_PRODUCTS, MANY),
    Call("update-items-live", 409, IN_PRODUCTS, {"items": [{"id": "$draft", "isDraft": False}]}),
)
ENDS = (
    Call("publish-item", 202, IN_PRODUCTS, {"items": [{"id": "$draft"}]}),
    Call("publish-item", 202, IN_PRODUCTS, {"itemIds": ["$draft", UNKNOWN]}),
    Call("delete-item-live", 204, FIRST),
    Call("delete-items-live", 204, IN_PRODUCTS, {"items": [{"id": product_id(2)}]}),
    Call("delete-item", 204, FIRST),
    Call("delete-item", 404, FIRST),
    Call("delete-items", 204, IN_PRODUCTS, {"items": [{"id": product_id(2)}]}),
    Call("delete-collection", 204, IN_POSTS),
    Call("delete-collection", 404, IN_POSTS),
)
HOOK = {"triggerType": "collection_item_changed", "url": "http://127.0.0.1:9/"}
WEBHOOKS = (
    Call("create-webhook", 201, IN_SITE, HOOK, keep=("webhook", ("id",))),
    Call("create-webhook", 400, IN_SITE, HOOK | {"filter": {"name": "Contact"}}),
    Call("list-webhooks", ids=IN_SITE),
    Call("get-webhook", ids={"webhook_id": "$webhook"}),
    Call("remove-webhook", 204, {"webhook_id": "$webhook"}),
    Call("remove-webhook", 404, {"webhook_id": "$webhook"}),
)
EVERY = SITES + COLLECTIONS + READS + CREATES + UPDATES + ENDS + WEBHOOKS


def filled(value, kept):
    """Return *value* with what was *kept* in the place of its names."""
    if isinstance(value, dict):
        return {key: filled(one, kept) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, kept) for one in value]
    return kept[value[1:]] if isinstance(value, str) and value[:1] == "$" else value

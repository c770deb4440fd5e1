"""What the tests with Webflow's own Python client share."""

import webflow

ONCE = {"max_retries": 0}  # else the client sleeps for as long as Retry-After says


def field_data(item):
    """Return the field data of an *item* of the client, by slug."""
    return item.field_data.model_dump(by_alias=True)


def new_item(name, **fields):
    """Return the request for one staged item; its slug is made from *name*."""
    slug = name.lower().replace(" ", "-")
    data = webflow.CollectionItemPostSingleFieldData(name=name, slug=slug, **fields)
    return webflow.CollectionItemPostSingle(field_data=data)

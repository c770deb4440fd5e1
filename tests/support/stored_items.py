"""What is stored of an item, packed or not."""

import json

from workers.store.item_record import unpacked


def item_of(client, key):
    """The hash *key*, each field under its own name."""
    return unpacked(client.hgetall(key))


def field_of(client, key, slug):
    """A field by its codes; None: there is none."""
    text = item_of(client, key).get(f"f:{slug}")
    return text and json.loads(text)

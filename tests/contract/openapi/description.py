"""Webflow's description of its API, as the two runs against it need it."""

from dataclasses import dataclass
from pathlib import Path

import yaml

PLACE = Path(__file__).with_name("v2-cms.yml")
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """A call that is described: its id, and its statuses."""

    id: str
    method: str
    path: str
    statuses: frozenset[str]


def load():
    return yaml.load(PLACE.read_bytes(), yaml.CSafeLoader)  # it is the safe one


def operations(description):
    """Return the calls to sites, collections, fields, items and webhooks; by id."""
    found = {}
    for path, calls in description["paths"].items():
        if path.startswith(("/sites", "/collections", "/webhooks")):
            for method in METHODS & calls.keys():
                one = calls[method]
                id, statuses = one["operationId"], frozenset(one["responses"])
                found[id] = Operation(id, method.upper(), path, statuses)
    return found


def without_misplaced_examples(node):
    """
    Return a description in which no schema holds ``examples`` as an object.

    In a schema they are a list, by OpenAPI 3.1; only beside one they have names.
    """
    if isinstance(node, list):
        return [without_misplaced_examples(one) for one in node]
    if not isinstance(node, dict):
        return node
    misplaced = isinstance(node.get("examples"), dict) and not {"schema", "in"} & node.keys()
    return {
        key: without_misplaced_examples(value)
        for key, value in node.items()
        if not (misplaced and key == "examples")
    }

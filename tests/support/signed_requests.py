"""A sender of each kind, with as little as it starts with, and what it makes of a payload."""

import json

from service.senders import build
from workers.config.settings import Source

LEAST = {
    "airtable": {"secrets": ("bmV3ZXI=",)},
    "basic": {"secrets": ("erp:s3cret",)},
    "body-token": {"options": {"field": "token"}},
    "debezium": {"options": {"scheme": "bearer"}},
    "hasura": {"options": {"header": "X-Token"}},
    "header": {"options": {"header": "X-Token"}},
    "hmac": {"options": {"header": "X-Signature"}},
    "pipedrive": {"secrets": ("erp:s3cret",)},
    "query": {"options": {"parameter": "code"}},
    "salesforce": {
        "secrets": (),
        "path_token": "part",
        "options": {"organization_id": "00D5g00000Kx1QZEAZ"},
    },
    "standard-webhooks": {"secrets": ("whsec_bmV3ZXI=",)},
    "svix": {"secrets": ("whsec_bmV3ZXI=",)},
}


def sender(name, /, **changes):
    values = {"name": "shop", "sender": name, "secrets": ("s3cret",), "url": "https://a.example/x"}
    least = LEAST.get(name, {})
    options = least.get("options", {}) | changes.pop("options", {})
    return build(Source(**values | least | changes | {"options": options}), public_url=None)


def events(name, payload, headers=None, /, **options):
    """Return the events of *payload*, bytes or else what is written as JSON."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return list(sender(name, options=options).events(headers or {}, body))


def event(name, payload, headers=None, /, **options):
    (found,) = events(name, payload, headers, **options)
    return found


def paths(found):
    """Return the paths of the problems of an event."""
    return [problem.path for problem in found.problems]

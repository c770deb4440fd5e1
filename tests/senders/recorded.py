"""The vectors of tests/vectors, as sources and requests."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.senders import build
from workers.settings import Source

FOLDER = Path(__file__).parent.parent / "vectors"

# Signed with a private key (v1a): of a version that is not taken.
ASYMMETRIC = frozenset({"standard-webhooks v1a"})


@dataclass(frozen=True)
class Vector:
    name: str
    sender: str
    secrets: tuple[str, ...]
    options: dict[str, object]
    headers: dict[str, str]
    body: bytes
    now: datetime
    expected: dict[str, object]

    def source(self, **changes):
        values = {"sender": self.sender, "secrets": self.secrets, "options": self.options}
        return Source(name="shop", **(values | changes))

    def configured(self, **changes):
        return build(self.source(**changes), public_url=None)


def _vector(file, entry):
    config = dict(entry.get("config", {}))
    sender = config.pop("scheme", file["sender"])
    paths = {
        key: place.removeprefix("body:").removeprefix("form:")
        for key, place in config.pop("paths", {}).items()
    }
    secret, request = entry["secret"], entry["request"]
    body = request.get("body")
    return Vector(
        name=f"{file['sender']} {entry['name']}",
        sender=sender,
        secrets=(secret,) if isinstance(secret, str) else tuple(secret),
        options=config | paths,
        headers={name.lower(): value for name, value in request["headers"].items()},
        body=base64.b64decode(request["body_base64"]) if body is None else body.encode(),
        now=datetime.fromtimestamp(entry["received_at"], UTC),
        expected=entry["expected"],
    )


def every():
    """Return all vectors, those of other versions too."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        file = json.loads(path.read_text())
        found += [_vector(file, entry) for entry in (file, *file["variants"])]
    return found


VECTORS = [vector for vector in every() if vector.name not in ASYMMETRIC]
VALID = [vector for vector in VECTORS if vector.expected["valid"]]
INVALID = [vector for vector in VECTORS if not vector.expected["valid"]]


def named(vector):
    return vector.name

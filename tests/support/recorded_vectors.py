"""The vectors of tests/vectors, as sources and requests."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from service.senders import SENDERS, build
from service.senders.base import QUERY
from workers.config.settings import Source

FOLDER = Path(__file__).parent.parent / "vectors"
NAMES = {"dynamics": "dataverse"}  # by the name of the file


@dataclass(frozen=True)
class Vector:
    name: str
    sender: str
    secrets: tuple[str, ...]
    common: dict[str, str]
    options: dict[str, object]
    headers: dict[str, str]
    body: bytes
    now: datetime
    expected: dict[str, object]
    public_url: str | None = None
    order: str = field(default="", compare=False)

    def source(self, **changes):
        values = {"sender": self.sender, "secrets": self.secrets, "options": self.options}
        return Source(name="shop", **(values | self.common | changes))

    def configured(self, **changes):
        return build(self.source(**changes), public_url=self.public_url)

    @property
    def covered(self):
        """Whether the proof is one of the body."""
        signed = SENDERS[self.sender].covers_body
        return signed and self.name != "woocommerce ping"

    @property
    def events(self):
        """What is expected of each event."""
        return self.expected.get("events") or ([] if self.is_many else [self.expected])

    @property
    def is_many(self):
        return self.expected.get("events") is not None and self.expected["topic"] is None


def _vector(file, entry):
    config = dict(entry.get("config", {}))
    name = NAMES.get(file["sender"], file["sender"])
    if name == "generic":
        name = config.pop("scheme")
    paths = {
        key: place.removeprefix("body:").removeprefix("form:")
        for key, place in config.pop("paths", {}).items()
    }
    common = {"path_token": config.pop("path_token", None)}
    for key in ("notification_url", "target_url"):
        if key in config:
            common["url"] = config.pop(key)
    secret, request = entry["secret"], entry["request"]
    body = request.get("body")
    headers = {name.lower(): value for name, value in request["headers"].items()}
    return Vector(
        name=f"{file['sender']} {entry['name']}",
        sender=name,
        secrets=(secret,) if isinstance(secret, str) else tuple(secret),
        common=common,
        options=config | paths,
        headers=headers | {QUERY: urlsplit(request["url"]).query},
        body=base64.b64decode(request["body_base64"]) if body is None else body.encode(),
        now=datetime.fromtimestamp(entry["received_at"], UTC),
        expected=entry["expected"],
    )


def every():
    """Return all vectors."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        file = json.loads(path.read_text(encoding="utf-8"))
        found += [_vector(file, entry) for entry in (file, *file["variants"])]
    return found


VECTORS = every()
VALID = [vector for vector in VECTORS if vector.expected["valid"]]
ONE_EACH = list({vector.sender: vector for vector in VALID}.values())
INVALID = [vector for vector in VECTORS if not vector.expected["valid"]]


def named(vector):
    return vector.name

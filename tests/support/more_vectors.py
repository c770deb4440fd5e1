"""
The vectors of tests/vectors/more, as configured sources and requests.

They were written and signed apart from the senders, from what the systems document. Each holds
``config`` and ``secret`` as the vectors beside that folder do, and

- ``request``: ``headers``, a list of pairs where one comes twice; ``body`` or ``body_base64``;
  ``query``. Text outside ASCII goes out as latin-1 where that has it, else as UTF-8.
- ``expected``: the ``status``, and with a 2xx either ``dead`` (the body is one dead letter) or
  ``events``: id, topic and version of each, ``dead`` where it cannot be read, ``ping`` where it
  tells of no record. ``duplicate_of``: its ids are those of that vector.
- ``as_sent``: it is about how the server reads the bytes of a request.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.senders import build
from service.senders.base import QUERY
from workers.config.settings import Source

FOLDER = Path(__file__).parent.parent / "vectors" / "more"
NAMES = {"dynamics": "dataverse"}  # by the name of the file
ADDRESSES = ("notification_url", "target_url")
COMMON = ("url", "path_token")


@dataclass(frozen=True)
class Vector:
    name: str
    sender: str
    config: dict[str, object]  # as in instep.toml, but for the secrets
    secrets: list[object]
    sent: list[tuple[str, bytes]]  # headers
    query: str
    body: bytes
    received_at: int
    expected: dict[str, object]
    as_sent: bool

    @property
    def status(self):
        return self.expected["status"]

    @property
    def events(self):
        return self.expected.get("events", [])

    @property
    def now(self):
        return datetime.fromtimestamp(self.received_at, UTC)

    @property
    def headers(self):
        """As a WSGI server hands them on."""
        found = {}
        for name, value in self.sent:
            text = value.decode("latin-1")
            found[name.lower()] = f"{found[name.lower()]},{text}" if name.lower() in found else text
        return found | {QUERY: self.query}

    def configured(self):
        tables = [each if isinstance(each, dict) else {"value": each} for each in self.secrets]
        ends = [each.get("until") and datetime.fromisoformat(each["until"]) for each in tables]
        source = Source(
            "shop",
            self.sender,
            tuple(each["value"] for each in tables),
            tuple(ends),
            options={key: value for key, value in self.config.items() if key not in COMMON},
            **{key: self.config[key] for key in COMMON if key in self.config},
        )
        return build(source, public_url=None)


def _wire(text):
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _vector(file, entry):
    entry = {key: file[key] for key in ("received_at", "config", "secret")} | entry
    config, secret, request = dict(entry["config"]), entry["secret"], entry["request"]
    sender = NAMES.get(file["sender"], file["sender"])
    if sender == "generic":
        sender = config.pop("scheme")
    places = config.pop("paths", {}).items()
    config |= {key: place.removeprefix("body:").removeprefix("form:") for key, place in places}
    config = {"url" if key in ADDRESSES else key: value for key, value in config.items()}
    headers, body = request["headers"], request.get("body")
    return Vector(
        name=f"{file['sender']} {entry['name']}",
        sender=sender,
        config=config,
        secrets=[] if sender == "salesforce" else secret if isinstance(secret, list) else [secret],
        sent=[
            (name, _wire(value))
            for name, value in (headers.items() if isinstance(headers, dict) else headers)
        ],
        query=request.get("query", ""),
        body=base64.b64decode(request["body_base64"]) if body is None else body.encode(),
        received_at=entry["received_at"],
        expected=entry["expected"],
        as_sent=entry.get("as_sent", False),
    )


def every():
    """Return all vectors."""
    files = (json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json")))
    return [_vector(file, entry) for file in files for entry in file["vectors"]]


MORE = every()


def named(vector):
    return vector.name

"""Stores that earlier versions wrote, as lists of commands: see ``store_of_version.py``."""

import base64
import json
from pathlib import Path

STORES = Path(__file__).parents[1] / "integration" / "stores"


def bytes_of(part):
    return part.encode() if isinstance(part, str) else base64.b64decode(part["base64"])


def restore(client, name):
    """Make the store of the version *name*, e.g. "v1"; return the ms at which it was written."""
    stored = json.loads((STORES / f"{name}.json").read_text())
    for command in stored["commands"]:
        client.execute_command(*(bytes_of(part) for part in command))
    return stored["at_ms"]

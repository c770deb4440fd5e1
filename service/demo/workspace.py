"""The folder of the demo: a configuration like a user's own, and secrets."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from service.demo.simulation import SOURCES

CONFIGURATION = """\
mappings = ["mappings.py"]

[destinations.site]
api = "%(api)s"
token = "${CMS_TOKEN}"
base_url = "${CMS_URL}"
requests_per_minute = %(limit)d

[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"

[sources.shop]
sender = "shopify"
secrets = ["${SHOP_SECRET}"]

[sources.stock]
sender = "hmac"
secrets = ["${STOCK_SECRET}"]
header = "X-Signature"
id = "id"
topic = "type"

[sources.crm]
sender = "standard-webhooks"
secrets = ["${CRM_SECRET}"]
"""
_OURS = ("INSTEP_", "REDIS_URL")  # of the user's own system, which the demo must not touch


@dataclass(frozen=True, slots=True)
class Workspace:
    """
    The folder of the demo.

    Args:
        keys: The signing key of each source.
        token: Of the CMS.
    """

    folder: Path
    token: str = field(repr=False)
    keys: Mapping[str, bytes] = field(repr=False)

    def environ(self, cms: str) -> dict[str, str]:
        """Return the environment of `instep`; *cms* is the address of the site."""
        encoded = {name: key.decode() for name, key in self.keys.items()}
        encoded["crm"] = "whsec_" + base64.b64encode(self.keys["crm"]).decode()
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(_OURS)},
            **{f"{name.upper()}_SECRET": secret for name, secret in encoded.items()},
            "CMS_TOKEN": self.token,
            "CMS_URL": cms,
            "INSTEP_CONFIG": str(self.folder / "instep.toml"),
            "INSTEP_DATA": str(self.folder / "data"),
        }

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def prepare(api: str, limit: int) -> Workspace:
    """Create the folder. *limit*: requests per minute that the CMS allows."""
    folder = Path(tempfile.mkdtemp(prefix="instep-demo-"))
    text = CONFIGURATION % {"api": api, "limit": limit}
    (folder / "instep.toml").write_text(text, encoding="utf-8")
    shutil.copy(Path(__file__).parent / "shop" / "mappings.py", folder / "mappings.py")
    keys = {name: secrets.token_hex(16).encode() for name in SOURCES}
    return Workspace(folder, secrets.token_hex(16), keys)

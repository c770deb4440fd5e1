"""``instep sandbox``: the stand-in as a process."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

from service.sandbox.api.http_server import Server
from service.sandbox.app import create_sandbox
from service.sandbox.options import OptionRefused, SandboxOptions, open_site
from service.sandbox.seeds.seed_files import SeedRefused
from service.sandbox.site.site import Site
from service.sandbox.site.state_file import StateRefused
from service.sandbox.site.state_writer import StateWriter
from service.sandbox.webhooks.sender import WebhookSender


def start(site: Site, bind: str = "127.0.0.1:0") -> Server:
    """
    Serve *site* in a thread of this process; port 0 picks a free one, see ``Server.url``.

    Raises:
        ValueError: *bind* is not HOST:PORT.
        OSError: The address is in use.
    """
    host, _, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit():
        raise ValueError(f"found {bind!r}, expected HOST:PORT, as 127.0.0.1:8900")
    server = Server((host, int(port)), create_sandbox(site), now=site.clock)
    WebhookSender(site.hooks, now=site.clock).start()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def stop(site: Site, server: Server) -> None:
    """Stop the server, the calls that a fault delays, and the webhooks."""
    site.stopping.set()
    site.hooks.close()
    server.shutdown()
    server.server_close()


def run(bind: str = "127.0.0.1:8900", **options: Any) -> int:
    """
    Serve a site until SIGTERM or SIGINT; return the exit code, 2 if it cannot start.

    Prints ``sandbox http://HOST:PORT`` once it takes calls; the page is there, too. Items that do
    not come from a file have the same ids on every start (``seeds/samples.py``).

    Args:
        options: As of ``SandboxOptions``.
    """
    ended = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: ended.set())
    chosen = SandboxOptions(**options)
    writer = None
    try:
        site = open_site(chosen)
        if chosen.state is not None:
            writer = StateWriter(site, chosen.state)
            writer.start()
        server = start(site, bind)
    except (OptionRefused, SeedRefused, StateRefused) as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except (OSError, ValueError) as error:
        if writer is not None:
            writer.close()
        do = "stop what listens there, or choose another address with --bind"
        print(f"sandbox: cannot listen on {bind}: {error}; {do}", file=sys.stderr)  # noqa: T201
        return 2
    print(f"sandbox {server.url}", flush=True)  # noqa: T201
    while not ended.wait(1.0):
        pass
    stop(site, server)
    return 0 if writer is None or writer.close() else 1

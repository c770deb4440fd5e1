"""``instep sandbox``: the stand-in as a process."""

from __future__ import annotations

import signal
import sys
import threading
import time

from service.sandbox.app import create_sandbox
from service.sandbox.courier import Courier
from service.sandbox.seed import seed_products
from service.sandbox.site import Site
from service.sandbox.wire import Server

TOKEN = "sandbox-token"  # noqa: S105  # it opens nothing but the stand-in


def start(site: Site, bind: str = "127.0.0.1:0") -> Server:
    """
    Serve *site* in a thread of this process; port 0 takes a free one, see ``Server.url``.

    Raises:
        ValueError: *bind* is not HOST:PORT.
        OSError: the address is taken.
    """
    host, _, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit():
        raise ValueError(f"found {bind!r}, expected HOST:PORT, as 127.0.0.1:8900")
    server = Server((host, int(port)), create_sandbox(site), now=site.clock)
    Courier(site.hooks, now=site.clock).start()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def stop(site: Site, server: Server) -> None:
    """End the server, and with it the calls that a fault holds up, and the webhooks."""
    site.stopping.set()
    site.hooks.close()
    server.shutdown()
    server.server_close()


def run(
    bind: str = "127.0.0.1:8900",
    *,
    products: int = 1000,
    token: str = TOKEN,
    requests_per_minute: int = 60,
) -> int:
    """
    Serve a site of *products* products until SIGTERM or SIGINT; returns the exit code.

    Prints ``sandbox http://HOST:PORT`` once calls are taken. The collection id is
    ``seed.PRODUCTS``, the item ids are ``seed.product_id(n)``.
    """
    site = Site(token=token, requests_per_minute=requests_per_minute, now=time.time)
    seed_products(site, products)
    ended = threading.Event()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: ended.set())
    try:
        server = start(site, bind)
    except (OSError, ValueError) as error:
        print(f"sandbox: cannot listen on {bind}: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print(f"sandbox {server.url}", flush=True)  # noqa: T201
    while not ended.wait(1.0):
        pass
    stop(site, server)
    return 0

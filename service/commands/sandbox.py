"""The command ``sandbox``: a stand-in CMS as a process."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import click

from service.commands.run import bind
from service.sandbox.model.clock import FARTHEST, LONGEST
from service.sandbox.webhooks.registrations import RAISED, RETRY_SECONDS

_FILE = click.Path(dir_okay=False, path_type=Path)


class _Number(click.FloatRange):
    """A number in a range; NaN, which compares as in every range, is refused."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        read = float(super().convert(value, param, ctx))
        if math.isnan(read):
            self.fail(f"found {value!r}, expected a number", param, ctx)
        return read


@click.command()
@bind("127.0.0.1:8900")
@click.option(
    "--products",
    type=click.IntRange(min=0),
    metavar="N",
    help="Number of products to start with.  [default: 1000; 0 with --seed]",
)
@click.option(
    "--seed",
    "seeds",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Collections to start with: a .json file as the API returns it, or a .csv export of the "
    "Designer. Repeatable.",
)
@click.option(
    "--state",
    type=_FILE,
    metavar="FILE",
    help="Keep the state in this file. If it exists, its state replaces --seed and --products.",
)
@click.option("--token", default="sandbox-token", show_default=True, help="API token to accept.")
@click.option(
    "--requests-per-minute",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    metavar="N",
    help="Rate limit of a token.",
)
@click.option(
    "--second-consumer",
    type=_Number(0, 100),
    default=0.0,
    metavar="PERCENT",
    help="Share of the rate limit that another client uses.",
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a rule of the site, for example lowers_emails=true. Repeatable.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="WORDS",
    help="Inject a fault: status=503,seconds=30 or slow,delay=5,times=3, for example. Repeatable.",
)
@click.option(
    "--clock-offset",
    type=_Number(-FARTHEST, FARTHEST),
    default=0.0,
    metavar="SECONDS",
    help="Seconds by which its clock is ahead; negative: behind.",
)
@click.option("--webhook", metavar="URL", help="URL that receives signed webhooks about changes.")
@click.option(
    "--webhook-secret",
    metavar="SECRET",
    envvar="SANDBOX_WEBHOOK_SECRET",
    help="Secret that signs the webhooks. Default: the environment's SANDBOX_WEBHOOK_SECRET.",
)
@click.option(
    "--webhook-trigger",
    "webhook_triggers",
    type=click.Choice(RAISED),
    multiple=True,
    metavar="NAME",
    help=f"Send only these events: {', '.join(RAISED)}. Repeatable.",
)
@click.option(
    "--webhook-retry",
    type=_Number(0, LONGEST),
    default=RETRY_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Wait before a failed webhook is sent again.",
)
@click.option(
    "--copy",
    "site",
    metavar="SITE_ID",
    help="Copy a real site to a seed file and exit. Needs --save, and the token in WEBFLOW_TOKEN.",
)
@click.option(
    "--save", type=_FILE, metavar="FILE", help="File that --copy writes, for example site.json."
)
@click.option(
    "--copy-from",
    "base",
    default="https://api.webflow.com/v2",
    show_default=True,
    metavar="URL",
    help="API that --copy reads.",
)
def sandbox(bind: str, site: str | None, save: Path | None, base: str, **options: Any) -> None:
    """
    Run a stand-in for Webflow's v1 and v2 API.

    Its items are shown at http://HOST:PORT/. The API is at http://HOST:PORT (v1) and
    http://HOST:PORT/v2, and accepts --token. State is kept in memory, unless --state names a file.
    """
    if site is not None or save is not None:
        _copy(site, save, base)
        return
    from service.config import logging_setup
    from service.sandbox import server

    webhook = options["webhook"]
    if webhook is None and options["webhook_triggers"]:
        raise click.UsageError("--webhook-trigger needs --webhook.")
    if webhook is not None and not options["webhook_secret"]:
        raise click.UsageError("--webhook needs --webhook-secret.")
    if webhook is not None and not webhook.startswith(("http://", "https://")):
        expected = "expected a URL such as http://127.0.0.1:8000/webhooks/webflow"
        raise click.BadParameter(f"found {webhook!r}, {expected}", param_hint="--webhook")
    logging_setup.configure()
    raise SystemExit(server.run(bind, **options))


def _copy(site: str | None, path: Path | None, base: str) -> None:
    """Export a real site as a seed, with GETs alone."""
    from service.sandbox.seeds.copy_site import CopyRefused, Reader, save

    token = os.environ.get("WEBFLOW_TOKEN", "")
    if site is None or path is None:
        raise click.UsageError("--copy and --save need each other.")
    if not token:
        raise click.UsageError("--copy needs the site's token in WEBFLOW_TOKEN.")
    try:
        save(Reader(base.rstrip("/"), token), site, path, click.echo)
    except (CopyRefused, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Wrote {path}. Start from it with: instep sandbox --seed {path}")

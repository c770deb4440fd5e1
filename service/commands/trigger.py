"""``instep trigger``: a realistic delivery, signed as its system signs it, sent to Instep."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from service.commands.output import printable

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.onboarding.signing import Outgoing
    from workers.config.settings import Settings

_SECONDS: Final = 30.0  # for the whole answer
_SHOWN: Final = 400  # characters of the answer's body
_LOCAL: Final = "http://127.0.0.1:8000"  # the default of `up` and `web`
_REFUSED: Final = {
    401: "instep deliveries list --outcome refused",
    404: "is the source in the configuration that runs? instep reload",
}


def changes_of(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return path → value of texts such as ``data.qty=7``."""
    pairs = [value.partition("=") for value in values]
    for (path, equals, _), value in zip(pairs, values, strict=True):
        if not (path and equals):
            raise click.BadParameter(f"found {value!r}, expected PATH=VALUE", ctx, param)
    return tuple((path, text) for path, _, text in pairs)


@click.command()
@click.argument("source")
@click.argument("topic")
@click.option(
    "--set",
    "changes",
    multiple=True,
    callback=changes_of,
    metavar="PATH=VALUE",
    help="Value of the payload, JSON or text, such as variants[0].price=9.90. Repeatable.",
)
@click.option("--url", metavar="URL", help="Address of the running Instep, without /webhooks.")
@click.option("--print", "only_print", is_flag=True, help="Print the body; send nothing.")
def trigger(
    source: str, topic: str, changes: tuple[tuple[str, str], ...], url: str | None, only_print: bool
) -> None:
    """
    Send a sample of TOPIC to a running Instep, as SOURCE would.

    Each call is a new event with the time of now: what it writes is written to the site. Without
    --url it goes to the Instep that runs in this folder, else to public_url of instep.toml.
    """
    from service.config.build import without_mappings
    from service.onboarding.sample_events import Occasion
    from service.onboarding.trigger import address, delivery
    from service.operate.suggestion import require_source
    from workers.config.loader import fill

    fill(os.environ)
    configuration = without_mappings(os.environ)
    require_source(configuration, source)
    settings = configuration.settings
    occasion = Occasion(secrets.token_hex(16), datetime.now(UTC))
    of, sender = settings.sources[source], configuration.senders[source]
    request = delivery(of, sender, topic, changes, occasion)
    if only_print:
        click.echo(request.body, nl=False)
        return
    target = address(url or _running(settings), of)
    _send(configuration, source, request, target)


def _running(settings: Settings) -> str:
    """Return the address of what runs here, else of public_url, else the usual one."""
    from service.run.registry import running

    binds = (each.bind for each in running(settings.store.data) if each.here and each.bind)
    bind = next(binds, "")
    return f"http://{bind}" if bind else settings.public_url or _LOCAL


def _send(configuration: Configuration, source: str, request: Outgoing, target: str) -> None:
    import requests

    from workers.transport.plain_session import PlainSession, is_proxy_set

    of = configuration.settings.sources[source]
    shown = target.replace(of.path_token, "<path_token>") if of.path_token else target
    url = f"{target}?{request.query}" if request.query else target
    try:
        with PlainSession() as session:
            session.trust_env = is_proxy_set()  # else a .netrc would replace the proof
            headers = dict(request.headers)
            answer = session.post(url, data=request.body, headers=headers, timeout=_SECONDS)
            text = answer.text
    except requests.RequestException as error:
        reason = type(error).__name__
        click.echo(f"POST {shown}: no answer ({reason}); is it running? instep up", err=True)
        raise SystemExit(1) from None
    click.echo(f"POST {shown}: {answer.status_code} {printable(text[:_SHOWN].strip())}")
    if not answer.ok:
        if answer.status_code in _REFUSED:
            click.echo(f"  See: {_REFUSED[answer.status_code]}", err=True)
        raise SystemExit(1)
    for line in _leads_to(source, request):
        click.echo(line)


def _leads_to(source: str, request: Outgoing) -> list[str]:
    """Return what to ask about each record that the mappings of today find in *request*."""
    from service.config.build import of_process
    from service.operate.previews import preview
    from workers.errors import ConfigurationInvalid
    from workers.store.connection import connect
    from workers.store.outbox import Outbox
    from workers.store.scripts import Steps

    try:
        whole = of_process()
    except ConfigurationInvalid:
        return ["No mapping reads it yet: instep suggest"]
    steps = Steps(connect(whole.settings.store, retries=0))
    outbox = Outbox(steps, whole.settings)
    found = preview(whole, outbox, source, request.body, headers=request.headers)
    lines = [
        f"  Problem at {printable(each.path)}: {printable(each.message)}" for each in found.problems
    ]
    for change in found.changes:
        key = printable(change.shown or change.record)
        slugs = ", ".join(field.slug for field in change.fields) or change.retire
        lines.append(f"  {change.mapping}: {slugs} of {key}")
        lines.append(f"  See: instep why {change.collection} {key}")
    lines += [f"  Would be fetched by {each.fetcher}" for each in found.fetches]
    return lines or ["No mapping uses it: instep preview says why"]

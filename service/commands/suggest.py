"""``instep suggest``: a mapping module for a source, from what it sends and what the site has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from service.commands.preview import header_option

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.operate.suggestion import Samples


@click.command()
@click.argument("source")
@click.argument("sample", type=click.File("rb"), required=False)
@click.option(
    "--collection", required=True, metavar="NAME", help="The collection to write, by its name here."
)
@click.option("--topic", help="Topic of SAMPLE, where its sender reads that from a header.")
@header_option
def suggest(
    source: str,
    sample: BinaryIO | None,
    collection: str,
    topic: str | None,
    headers: dict[str, str],
) -> None:
    """
    Print a mapping module for SOURCE. Read it, and keep it as mappings.py.

    SAMPLE is the body of a delivery, - for standard input. Without it the newest kept delivery of
    each topic is taken, from the store; where none is kept, the samples that ship with Instep. A
    source that is pulled is asked for its first page.
    """
    from service.config.build import without_mappings
    from service.operate import suggestion
    from workers.config.loader import fill

    fill(os.environ)
    configuration = without_mappings(os.environ)
    if source in configuration.settings.pulls:
        found = suggestion.of_pull(configuration, source, sample.read() if sample else None)
    elif sample is None:
        found = _kept(configuration, source)
    else:
        how: dict[str, Any] = {"headers": headers, "topic": topic}
        found = suggestion.of_payload(configuration, source, sample.read(), **how)
        if not any(event.topic for event in found.events):
            read = ", ".join(configuration.senders[source].headers)
            where = f", as --header of {read}" if read else ""
            click.echo(f"No topic is known: --topic says which one{where}.", err=True)
    click.echo(suggestion.suggestion(configuration, source, collection, found).text, nl=False)


def _kept(configuration: Configuration, source: str) -> Samples:
    """Return what the store holds of *source*, else the samples that ship."""
    from service.commands.session import joined
    from service.onboarding.sample_events import OWN_SHAPES
    from service.operate import suggestion
    from workers.errors import RequestRefused, StoreUnavailable

    suggestion.require_source(configuration, source)
    why = f"No delivery of {source} is kept"
    try:
        with joined() as context:
            found = suggestion.of_kept(context, configuration, source)
        if found.events:
            return found
    except StoreUnavailable:
        why = f"The store does not run here, so no delivery of {source} is known"
    found = suggestion.of_sender(configuration, source)
    kind = configuration.settings.sources[source].sender
    if not found.events or kind in OWN_SHAPES:
        do = "give SAMPLE, a file with the body of one"
        raise RequestRefused(why, "a delivery that shows what it sends", do)
    click.echo(f"{why}: read from the samples of {kind} that ship with Instep.", err=True)
    return found

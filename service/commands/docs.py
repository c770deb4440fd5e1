"""``instep docs``: the documentation in the terminal."""

from __future__ import annotations

import sys

import click

from service.commands.output import table


@click.command()
@click.argument("page", required=False)
def docs(page: str | None) -> None:
    """Show PAGE of the documentation; without PAGE, list the pages."""
    from service.operate import documentation

    pages = documentation.pages()
    if page is None:
        table("Pages", ("page", "about"), [(each.name, each.summary) for each in pages.values()])
        return
    if page not in pages:
        near = documentation.near(page)
        hint = f"near it: {', '.join(near)}" if near else "`instep docs` lists the pages"
        raise click.UsageError(f"found no page {page!r}; {hint}")
    _show(pages[page].text)


def _show(text: str) -> None:
    if not sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    # No hyperlinks: a terminal cannot open a link from one page to another.
    Console().print(Markdown(text, hyperlinks=False))

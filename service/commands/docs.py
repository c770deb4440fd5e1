"""``instep docs``: the documentation in the terminal."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from service.commands.output import table

if TYPE_CHECKING:
    from service.operate.documentation import DocPage


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
    _show(pages[page])


def _show(page: DocPage) -> None:
    if not sys.stdout.isatty():
        click.echo(page.text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    # No hyperlinks: a terminal cannot open a link from one page to another.
    Console().print(Markdown(_named_links(page), hyperlinks=False))


def _named_links(page: DocPage) -> str:
    """Return the text of *page*; links are replaced by names for `instep docs`."""
    from service.operate.documentation import linked

    def named(link: re.Match[str]) -> str:
        text, href = link.groups()
        found = linked(page.name, href)
        if found:
            return f"[{text}]({found[0]})"
        return text if href.startswith("#") else link[0]

    return re.sub(r"\[([^]]+)\]\(([^)\s]+)\)", named, page.text)

"""What an operator is shown before he is asked."""

import click
from click.testing import CliRunner

from service.commands import reconcile
from service.reconcile.apply.guard_counts import GuardQuestion


def test_the_items_are_shown_before_the_question():
    words = "300 of 300 items (100.0 %) would be overwritten: half of the collection or more"
    lines = ("P-0001 stock: 12 → 0", "P-0002 stock: 7 → 0")
    asked = GuardQuestion("overwritten", words, lines, more=298)

    @click.command()
    def ask():
        click.echo(reconcile._approve(asked))

    told = CliRunner().invoke(ask, input="n\n")
    assert told.stdout.splitlines()[-1].endswith("False")
    assert told.stderr.splitlines()[:4] == [
        "  P-0001 stock: 12 → 0",
        "  P-0002 stock: 7 → 0",
        "  and 298 more",
        f"{words}. Overwrite them? [y/N]: n",
    ]

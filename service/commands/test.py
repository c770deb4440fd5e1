"""``instep test``: a user's own payloads, and what the mappings make of each."""

from __future__ import annotations

from pathlib import Path

import click

from service.commands.output import number, printable


@click.command()
@click.argument(
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("cases"),
)
@click.option("--update", is_flag=True, help="Write down what comes of each case as expected.")
def test(directory: Path, update: bool) -> None:
    """
    Preview the payloads in DIRECTORY (default: cases), and compare what comes of them.

    SOURCE/NAME.json is a payload, SOURCE/NAME.expected.json what `instep preview --json` must
    contain, SOURCE/NAME.headers.json an object of headers, where its sender reads any. Exits 1 if a
    case differs.
    """
    from service.config.build import of_process
    from service.operate import payload_cases

    configuration = of_process()
    found = payload_cases.cases(directory, configuration)
    differing = 0
    for case in found:
        told = payload_cases.previewed(case, configuration)
        expected = payload_cases.expected_of(case)
        if update:
            written = expected is None or [*payload_cases.differences(expected, told)]
            if written:
                payload_cases.update(case, told)
            click.echo(f"{'written' if written else 'same   '}  {case.name}")
            continue
        lines = (
            [f"no {case.expected.name}: write it, or run instep test --update"]
            if expected is None
            else [*payload_cases.differences(expected, told)]
        )
        differing += bool(lines)
        click.echo(f"{'differs' if lines else 'same   '}  {case.name}")
        for line in lines:
            click.echo(f"         {printable(line)}")
    if not update:
        click.echo(f"{number(len(found), 'case')}, {differing} differing")
    raise SystemExit(1 if differing else 0)

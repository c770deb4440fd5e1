"""``instep init``: a first configuration that works with the sandbox, and files for Prometheus."""

from __future__ import annotations

import secrets
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import click

STARTER = Path(__file__).parents[1] / "starter"
# As stored → as written. The stored names are plain, so that no tool acts on them.
FILES = {
    "instep.toml": "instep.toml",
    "mappings.py": "mappings.py",
    "stock.json": "stock.json",
    "env": ".env.example",
    "gitignore": ".gitignore",
    "Procfile": "Procfile",
}
MONITORING = ("prometheus.yml", "alerts.yml", "dashboard.json")
MONITORING_NEXT = """\
Wrote prometheus.yml, alerts.yml and dashboard.json to {directory}.
Merge prometheus.yml into the configuration of your Prometheus, put alerts.yml
beside it, and import dashboard.json into Grafana.
"""
NEXT = """\
Wrote a configuration to {directory}. To try it with the sandbox:

  cd {quoted}
  {instep} sandbox &
  {instep} up &
  . ./.env
  curl -i http://127.0.0.1:8000/webhooks/erp --data-binary @stock.json \\
    -H "X-Signature: $(openssl dgst -sha256 -hmac "$ERP_SECRET" -r stock.json | cut -d' ' -f1)"
"""


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option(
    "--monitoring",
    is_flag=True,
    help="Write files for Prometheus and Grafana instead; to ./monitoring without DIRECTORY.",
)
def init(directory: Path | None, monitoring: bool) -> None:
    """Write a starter configuration to DIRECTORY. It works with the sandbox as it is."""
    if monitoring:
        directory = directory or Path("monitoring")
        folder = STARTER / "monitoring"
        _write_new(directory, {name: (folder / name).read_text("utf-8") for name in MONITORING})
        click.echo(MONITORING_NEXT.format(directory=directory), nl=False)
        return
    if directory is None:
        raise click.UsageError("Missing argument 'DIRECTORY'.")
    texts = {name: (STARTER / stored).read_text("utf-8") for stored, name in FILES.items()}
    texts[".env"] = _with_secrets(texts[".env.example"])
    _write_new(directory, texts)
    quoted = shlex.quote(str(directory))
    click.echo(NEXT.format(directory=directory, quoted=quoted, instep=_program()))


def _write_new(directory: Path, texts: Mapping[str, str]) -> None:
    """Write *texts* by file name; exit 1, and write nothing, if one of the files is there."""
    there = [name for name in texts if (directory / name).exists()]
    if there:
        click.echo(f"{directory} already has {', '.join(there)}; nothing was written", err=True)
        raise SystemExit(1)
    try:
        _write(directory, texts)
    except OSError as error:
        click.echo(f"{directory} cannot be written: {error.strerror}", err=True)
        raise SystemExit(1) from None


def _program() -> str:
    """Return the command by which a shell in any folder starts this program."""
    return "instep" if shutil.which("instep") else shlex.quote(str(Path(sys.argv[0]).absolute()))


def _write(directory: Path, texts: Mapping[str, str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = directory / name
        path.touch(mode=0o600 if name == ".env" else 0o666)
        path.write_text(text, encoding="utf-8")


def _with_secrets(example: str) -> str:
    """Return *example* with a new secret for each name without a value."""
    lines = (
        f"{line}{secrets.token_urlsafe(24)}" if line.endswith("=") else line
        for line in example.splitlines()
    )
    return "\n".join(lines) + "\n"

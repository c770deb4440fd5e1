"""``instep init``: a first configuration, for the sandbox or a site; files to run and watch it."""

from __future__ import annotations

import secrets
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from service.commands import deployment
from service.commands.init_site import Given, site_files

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


SITE_NEXT = """\
Wrote instep.toml and .env to {directory}: {title}, {collections}.

  cd {quoted}
  {instep} suggest {sender}{sample} --collection {collection} > mappings.py
  {instep} check
  {instep} up &
  {instep} trigger {sender} {topic}
  {instep} senders {sender} --source {sender}
"""
PULL_NEXT = """\
Wrote instep.toml and .env to {directory}: {title}, {collections}.
Write [pulls.NAME] into instep.toml (instep docs pulls), then:

  cd {quoted}
  {instep} suggest NAME --collection {collection} > mappings.py
  {instep} check
  {instep} sync --once
"""
KEYLESS = "No field of {} looks like a key: add one in the site, and its slug to instep.toml."


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option(
    "--monitoring",
    is_flag=True,
    help="Write files for Prometheus and Grafana instead; to ./monitoring without DIRECTORY.",
)
@click.option(
    "--deploy",
    type=click.Choice(list(deployment.FILES)),
    help="Write files to run it with instead: units to ./systemd, or those of Docker beside "
    "instep.toml, without DIRECTORY.",
)
@click.option(
    "--site",
    metavar="[ID]",
    is_flag=False,
    flag_value="",
    help="Configure a real site instead. Its token is asked for, or read from WEBFLOW_TOKEN.",
)
@click.option(
    "--collection",
    "collections",
    multiple=True,
    metavar="SLUG",
    help="With --site: a collection to write to. Repeatable.",
)
@click.option(
    "--sender",
    default="",
    metavar="NAME",
    help="With --site: what sends the webhooks; none: it is pulled.",
)
@click.option("--base-url", default="", metavar="URL", help="With --site: the address of its API.")
@click.option(
    "--api",
    type=click.Choice(["v2", "v1"]),
    help="With --site: the API of its token; v1 is the legacy one.  [default: v2]",
)
def init(
    directory: Path | None,
    monitoring: bool,
    deploy: str | None,
    site: str | None,
    collections: tuple[str, ...],
    sender: str,
    base_url: str,
    api: str | None,
) -> None:
    """
    Write a starter configuration to DIRECTORY. It works with the sandbox as it is.

    With --site it is one for your own site: ids, key, rate and a source, as the site tells them.
    On a terminal it asks for what is not given.
    """
    if monitoring and deploy:
        raise click.UsageError("--monitoring and --deploy write different files: call it twice.")
    if deploy:
        directory = directory or deployment.DEFAULT[deploy]
        _write_new(directory, deployment.files(deploy))
        _tell(deployment.NEXT[deploy], directory)
        return
    if monitoring:
        directory = directory or Path("monitoring")
        folder = STARTER / "monitoring"
        _write_new(directory, {name: (folder / name).read_text("utf-8") for name in MONITORING})
        _tell(MONITORING_NEXT, directory)
        return
    if directory is None:
        raise click.UsageError("Missing argument 'DIRECTORY'.")
    if site is not None:
        _init_site(directory, Given(site, collections, sender, base_url, api or "v2"))
        return
    if collections or sender or base_url or api:
        raise click.UsageError("--collection, --sender, --base-url and --api go with --site")
    texts = {name: (STARTER / stored).read_text("utf-8") for stored, name in FILES.items()}
    texts[".env"] = _with_secrets(texts[".env.example"])
    _write_new(directory, texts)
    _tell(NEXT + "\n", directory)


def _tell(text: str, directory: Path) -> None:
    quoted = shlex.quote(str(directory))
    words = text.format(directory=directory, quoted=quoted, instep=_program())
    click.echo(words, nl=False)


def _init_site(directory: Path, given: Given) -> None:
    from service.onboarding.sample_events import OWN_SHAPES, example_topic
    from service.onboarding.site_files import NO_SENDER

    _refuse_existing(directory, ("instep.toml", ".env"))
    texts, chosen = site_files(given)
    if (directory / ".gitignore").exists():
        del texts[".gitignore"]
    _write_new(directory, texts)
    shown = ", ".join(f"{each.name} by {each.key or 'no key yet'}" for each in chosen.collections)
    pulled = chosen.sender == NO_SENDER
    click.echo(
        (PULL_NEXT if pulled else SITE_NEXT).format(
            directory=directory,
            quoted=shlex.quote(str(directory)),
            instep=_program(),
            title=chosen.title,
            collections=shown,
            collection=chosen.collections[0].name,
            sender=chosen.sender,
            sample=" payload.json" if chosen.sender in OWN_SHAPES else "",
            topic="" if pulled else example_topic(chosen.sender),
        ),
        nl=False,
    )
    for each in chosen.collections:
        if each.key is None:
            click.echo(KEYLESS.format(each.name))


def _refuse_existing(directory: Path, names: Iterable[str]) -> None:
    """Exit 1 if one of the files is there."""
    there = [name for name in names if (directory / name).exists()]
    if there:
        words = f"{directory} already has {', '.join(there)}; nothing was written"
        click.echo(f"{words}: name another folder, or remove them", err=True)
        raise SystemExit(1)


def _write_new(directory: Path, texts: Mapping[str, str]) -> None:
    """Write *texts* by file name; exit 1, and write nothing, if one of the files is there."""
    _refuse_existing(directory, texts)
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

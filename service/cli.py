"""
The command ``instep``: its groups, and which exit code an error becomes.

Exit codes: 0 done, 1 the answer is no, 2 usage or configuration. A command is imported when it
runs, and imports what it needs then, so that ``--version`` and ``--help`` answer at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from service.commands import completion
from workers.errors import ConfigurationInvalid, ProcessorError, SelectionInvalid, UnknownName

# Command → module of service.commands, and what ``instep --help`` says of it: the first sentence of
# its docstring, here once more since reading that would import it.
COMMANDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "init": ("init", "Write a starter configuration to DIRECTORY."),
        "up": ("run", "Run everything on this machine: store, web and workers."),
        "web": ("run", "Run the web processes, which receive webhooks."),
        "worker": ("run", "Run the workers, which send changes to the CMS."),
        "reload": (
            "reload",
            "Check the configuration, and replace the running processes by ones that have it.",
        ),
        "demo": ("run", "Play a day of shop traffic in a minute, failures included."),
        "sandbox": ("sandbox", "Run a stand-in for Webflow's v1 and v2 API."),
        "check": ("check", "Check configuration, mappings, store and tokens."),
        "suggest": ("suggest", "Print a mapping module for SOURCE."),
        "preview": ("preview", "Show what a payload from SOURCE would change."),
        "test": (
            "test",
            "Preview the payloads in DIRECTORY (default: cases), and compare what comes of them.",
        ),
        "senders": ("senders", "List the supported senders and their settings, or those of NAME."),
        "trigger": ("trigger", "Send a sample of TOPIC to a running Instep, as SOURCE would."),
        "status": ("status", "Show what is wrong and what to do, then states and numbers."),
        "why": ("why", "Show why a record is on the site or is not."),
        "deliveries": ("deliveries", "List, show or replay deliveries."),
        "tail": ("tail", "Follow deliveries, attempts and warnings of all machines."),
        "dead": ("dead", "List, show, replay, discard or export dead letters."),
        "deletes": ("deletes", "List, approve or drop deletes that wait for approval."),
        "publish": ("publish", "Publish items although others have edited them."),
        "runs": ("runs", "List or show runs; approve or drop one that is held."),
        "writeback": (
            "writeback",
            "Hand over or drop what a removed write-back has still to tell.",
        ),
        "forget": ("forget", "Erase all that is stored for the record KEY of COLLECTION."),
        "remap": ("remap", "Map stored deliveries of SOURCE again."),
        "undo": ("undo", "Put back what items held before."),
        "pause": ("pause", "Stop sending."),
        "resume": (
            "pause",
            "Resume sending of NAME, as in pause, unless the CMS still refuses the token.",
        ),
        "reconcile": (
            "reconcile",
            "Compare COLLECTION with a snapshot, and repair the differences.",
        ),
        "redirects": ("redirects", "List old and new paths of pages whose slug has changed."),
        "sync": (
            "sync",
            "Pull, reconcile what is due, and deliver: one round, for cron and the like.",
        ),
        "alerts": ("alerts", "Test where alerts are sent."),
        "docs": ("docs", "Show PAGE of the documentation; without PAGE, list the pages."),
        "mcp": (
            "mcp",
            "Serve assistants over the Model Context Protocol, on standard input and output.",
        ),
    }
)
_LISTED: Final = click.Group(
    commands=[click.Command(name, help=said) for name, (_, said) in COMMANDS.items()]
)


class OnDemand(Mapping[str, click.Command]):
    """The commands by name, each imported when it is first asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            module = import_module(f"service.commands.{COMMANDS[name][0]}")
            command: click.Command = getattr(module, name)
            completion.attach(command, (name,))
            self._loaded[name] = command
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Commands(click.Group):
    """Turns an exception of a command into a message on stderr and an exit code."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names and what they do, without importing the commands."""
        _LISTED.format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command, without importing any, or an option."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return _LISTED.shell_complete(click.Context(_LISTED), incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigurationInvalid as error:
            for problem in error.problems:
                click.echo(str(problem), err=True)
            ctx.exit(2)
        except (SelectionInvalid, UnknownName) as error:
            click.echo(str(error), err=True)
            ctx.exit(2)
        except ProcessorError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)


@click.group(
    cls=Commands,
    commands=OnDemand(),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="instep", message="instep %(version)s")
def main() -> None:
    """Keep a Webflow CMS in step with shops, stock systems, CRMs and databases, by webhook."""

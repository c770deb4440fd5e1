"""
What the processes of a service have in common, built once in the process that forks them.

Argument: the name of the service. A fork server calls ``main`` where it is no fork of a process
that has built all this (``workers/runtime/fork_server.py``).
"""

from __future__ import annotations

import sys

from service.config import inherited, logging_setup
from service.config.build import Configuration, of_process
from service.web import server
from workers.runtime import jobs


def built_for(service: str, configuration: Configuration) -> tuple[object, ...]:
    """Return what `inherited` finds; no thread, connection or file of it has begun."""
    context = jobs.build(configuration.settings)
    web = () if service == "worker" else (server.build(configuration, context),)
    return configuration, configuration.settings, context, *web


def main() -> None:
    logging_setup.configure()
    inherited.leave(*built_for(sys.argv[1], of_process()))

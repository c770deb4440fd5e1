"""
Someone who pastes the commands of a page, one after the other, against the sandbox.

Commands of instep run in this process; any other line (``curl``, ``sed``) by a shell. What runs in
the background does not: the sandbox is one for all pages, ``up`` is the web application of this
process, and what it has accepted is delivered before the next command that asks for it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import threading
import time

from click.testing import CliRunner
from werkzeug.serving import make_server

from service.cli import main
from service.config.build import build
from service.run import registry
from service.web.app import create_app
from tests.support import cookbook
from tests.support.pulled_site import delivering
from workers.runtime import jobs

SANDBOX = "http://127.0.0.1:8900"
UP = "http://127.0.0.1:8000"
PATIENCE = 20.0  # s
STORE = '\n[store]\ndurability = "unverified"\n'  # the tests' keeps nothing on disk


def commands(text):
    """Return the commands of the console blocks of *text*; one may go on for several lines."""
    lines = [
        line
        for block in cookbook.blocks(text)
        if block.kind == "console"
        for line in block.text.splitlines()
    ]
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append(line[2:])
        elif line.startswith("> "):
            found[-1] += f"\n{line[2:]}"
    return found


class PageReader:
    """
    Args:
        addresses: What stands on the page → where it is here.
        environ: Beside what the page exports.
    """

    def __init__(self, folder, store_socket, addresses, environ=None):
        self.folder, self.home = folder, folder
        self.addresses = dict(addresses)
        self.environ = {
            "REDIS_URL": f"unix://{store_socket}",
            "INSTEP_DATA": str(folder / "data"),
            **(environ or {}),
        }
        self.said = {}  # command of instep → all that it printed
        self._open = contextlib.ExitStack()

    def close(self):
        self._open.close()

    def paste(self, text):
        for command in commands(text):
            self._run(self._here(command))

    def _here(self, command):
        for shown, here in self.addresses.items():
            command = command.replace(shown, here)
        return re.sub(r"\$(\w+)", lambda name: self.environ.get(name[1], name[0]), command)

    def _run(self, command):
        name, _, rest = command.partition(" ")
        if name == "export":
            self.environ |= dict([shlex.split(rest)[0].split("=", 1)])
        elif name == "cd":
            self.folder = self.folder / rest
            self.environ["INSTEP_CONFIG"] = str(self.folder / "instep.toml")
        elif name == "instep":
            self._instep(rest)
        else:
            environ = {**os.environ, **self.environ}
            done = subprocess.run(  # noqa: S603
                ["/bin/bash", "-e", "-c", command],
                cwd=self.folder,
                env=environ,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            assert done.returncode == 0, (command, done.stdout, done.stderr)

    def _instep(self, words):
        line, _, target = words.partition(" > ")
        arguments = shlex.split(line.removesuffix("&"))
        name = arguments[0]
        if name == "sandbox":
            return
        if name == "up":
            self._up()
            return
        if name in ("why", "status"):
            self.delivered()
        # Check tells that the store of the tests keeps nothing on disk.
        environ = self.environ | ({"REDIS_URL": ""} if name == "check" else {})
        work = self.working() if name == "reconcile" else contextlib.nullcontext()
        with contextlib.chdir(self.folder), work:
            result = CliRunner().invoke(main, arguments, env=environ)
        if result.exc_info and not isinstance(result.exception, SystemExit | None):
            raise result.exception
        assert result.exit_code == 0, (words, result.output)
        if name == "init":
            with (self.folder / arguments[1] / "instep.toml").open("a") as file:
                file.write(STORE)
        self.said[name] = self.said.get(name, "") + result.output
        if target:
            (self.folder / target).write_text(result.stdout)

    @property
    def configuration(self):
        secrets = cookbook.variables((self.folder / ".env").read_text())
        return build({**secrets, **self.environ})

    def _up(self):
        configuration = self.configuration
        context = jobs.build(configuration.settings)
        app = create_app(
            configuration,
            outbox=context.outbox,
            wake=str,
            status=context.report.status,
            check_store=lambda: {"mode": "always"},
            workers_alive=lambda: 1,
            context=context,
        )
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        bind = f"127.0.0.1:{server.server_port}"
        self.addresses[UP] = f"http://{bind}"
        data = configuration.settings.store.data
        self._open.callback(context.steps.client.close)
        self._open.callback(context.wakes.close)
        self._open.callback(server.server_close)
        self._open.callback(thread.join)
        self._open.callback(server.shutdown)
        self._open.enter_context(registry.registered(data, "web", bind))

    @contextlib.contextmanager
    def working(self):
        """Deliver in a thread, as the worker of a round does."""
        with delivering(self.configuration):
            yield lambda: False

    def delivered(self):
        """Deliver until nothing is pending."""
        configuration = self.configuration
        context = jobs.build(configuration.settings)
        ends = time.monotonic() + PATIENCE
        try:
            with delivering(configuration):
                while context.outbox.counts()["pending"]:
                    assert time.monotonic() < ends, context.outbox.counts()
                    time.sleep(0.02)
        finally:
            context.steps.client.close()
            context.wakes.close()


def shown(said, pattern):
    """Return the first group of *pattern* in what a command said."""
    return re.search(pattern, said)[1]

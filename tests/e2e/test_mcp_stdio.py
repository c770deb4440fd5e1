"""``instep mcp`` as an assistant starts it: the protocol on stdout, the log on stderr, its end."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.support.mcp_rig import McpRig

HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
# A mapping is the user's code, and may print.
PRINTS = "\nprint('a word of a mapping')\n"


class Assistant:
    def __init__(self, environ):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "service", "mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environ},
            text=True,
        )
        self.number = 0
        self.ask("initialize", HELLO)
        self.send({"method": "notifications/initialized"})

    def send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        answer = json.loads(self.process.stdout.readline())
        assert answer["id"] == self.number
        return answer["result"]

    def call(self, tool, **arguments):
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def end(self, stop):
        """End it by *stop*; return its exit code, and what was still said."""
        stop()
        code = self.process.wait(60)
        return code, self.process.stdout.read(), self.process.stderr.read()

    def close(self):
        self.process.kill()
        with self.process:  # closes its pipes, and waits for it
            pass


@pytest.fixture
def rig(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    rig = McpRig(tmp_path, store_socket)
    rig.fill()
    with (tmp_path / "mappings.py").open("a") as file:
        file.write(PRINTS)
    yield rig
    rig.close()


def test_it_speaks_the_protocol_alone_recovers_and_ends(rig):
    away = {"REDIS_URL": "redis://:pa55word-of-it@127.0.0.1:1"}
    assistants = [Assistant(rig.environ), Assistant(rig.environ | away)]
    one, other = assistants
    try:
        assert one.ask("tools/list", {})["tools"]
        assert one.call("list_sources")["structuredContent"]["data"]["items"]
        found = other.call("status")
        assert found["isError"]
        assert "`instep up`" in found["content"][0]["text"]
        assert "pa55word" not in json.dumps(found)
        assert other.ask("ping", {}) == {}
        code, told, log = one.end(one.process.stdin.close)
        assert (code, told) == (0, "")
        assert "a word of a mapping" in log
        code, told, log = other.end(lambda: other.process.send_signal(signal.SIGTERM))
        assert (code, told) == (-signal.SIGTERM, "")
        assert "pa55word" not in log
    finally:
        for each in assistants:
            each.close()

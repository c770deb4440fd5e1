"""The MCP server with the official client, in memory, on the store of the API's rig."""

from contextlib import contextmanager, nullcontext
from functools import cache

import anyio
from mcp import Client

from service.mcp.server import build
from service.mcp.session import Session
from tests.support.api_rig import Rig
from workers.errors import StoreUnavailable
from workers.store import connection

BY = "mcp:ada@desk"
WHY = "The mapping was corrected this morning."


_SESSION = Session(nullcontext, dict, BY)


@cache
def _built(**options):
    """Return the server of all rigs: to make its tools takes longer than most calls of them."""
    return build(_SESSION, **options)


class McpRig(Rig):
    """
    Calls tools of a server; each call has a client of its own.

    Args:
        away: While it is true the store does not answer.
    """

    away = False

    @contextmanager
    def join(self):
        if self.away:
            raise StoreUnavailable("no store answers at redis://user:pa55word@db")
        yield self.context

    def mcp_server(self, **options):
        _SESSION.join, _SESSION.configuration = self.join, lambda: self.configuration
        return _built(**options)

    def tools(self, **options):
        async def ask():
            async with Client(self.mcp_server(**options)) as client:
                return (await client.list_tools()).tools

        return anyio.run(ask)

    def ask(self, *calls):
        """Call tools, ``(name, arguments)`` each; return the results."""

        async def ask():
            async with Client(self.mcp_server()) as client:
                return [await client.call_tool(name, arguments) for name, arguments in calls]

        return anyio.run(ask)

    def call(self, tool, **arguments):
        """Call one tool; return its answer."""
        (result,) = self.ask((tool, arguments))
        assert not result.is_error, result.content[0].text
        return result.structured_content

    def refused(self, tool, **arguments):
        """Call one tool that refuses; return its words."""
        (result,) = self.ask((tool, arguments))
        assert result.is_error
        return result.content[0].text

    def contents(self):
        """All that the store holds, to compare: unlike a dump, whatever the order in a hash."""
        with connection.rq_connection(self.context.settings.store) as client:
            reads = {
                b"string": client.get,
                b"hash": client.hgetall,
                b"set": client.smembers,
                b"list": lambda name: client.lrange(name, 0, -1),
                b"zset": lambda name: client.zrange(name, 0, -1, withscores=True),
                b"stream": client.xrange,
            }
            names = (each for each in client.scan_iter(count=1000) if b":call:" not in each)
            return {name.decode(): reads[client.type(name)](name) for name in names}

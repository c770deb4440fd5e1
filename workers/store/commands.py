"""
The commands that a store has to answer, and the user that Instep connects as may send.

Without these a change could be accepted and never be sent. Left out is what Instep can do without:
CONFIG GET (see `durability`) and MEMORY USAGE.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import redis

from workers.store import keys
from workers.store.connection import guarded

# What the Lua steps call.
STEPS: Final = frozenset(
    {"APPEND", "DECRBY", "DEL", "EXISTS", "GET", "HDEL", "HEXISTS", "HGET", "HGETALL",
     "HINCRBY", "HKEYS", "HLEN", "HMGET", "HRANDFIELD", "HSCAN", "HSET", "HSETNX", "HSTRLEN",
     "HVALS", "INCR", "INCRBY", "INFO", "LINDEX", "LLEN", "LPOP", "LPUSH", "LRANGE", "LREM",
     "LTRIM", "MGET", "PERSIST", "PEXPIRE", "PTTL", "RENAME", "RPUSH", "SADD", "SCARD", "SET",
     "SISMEMBER", "SMEMBERS", "SPOP", "SRANDMEMBER", "SREM", "TIME", "UNLINK", "XADD", "XDEL",
     "XLEN", "XRANGE", "XREVRANGE", "ZADD", "ZCARD", "ZCOUNT", "ZINTERCARD", "ZPOPMIN", "ZRANGE",
     "ZRANGEBYSCORE", "ZRANGESTORE", "ZREM", "ZREMRANGEBYLEX", "ZREMRANGEBYSCORE", "ZSCORE"}
)  # fmt: skip
# What the clients of Instep and RQ send beside it.
CLIENTS: Final = frozenset(
    {"BLMOVE", "BLPOP", "CLIENT|SETNAME", "DBSIZE", "EVALSHA", "EXPIRE", "FCALL",
     "FUNCTION|DELETE", "FUNCTION|LIST", "FUNCTION|LOAD",
     "HINCRBYFLOAT", "HVALS", "LMOVE", "PING", "PUBLISH", "PUBSUB|NUMSUB", "SCAN",
     "SCRIPT|LOAD", "SMISMEMBER", "SUBSCRIBE", "TYPE", "ZREVRANGE"}
)  # fmt: skip
_KEY: Final = f"{keys.PREFIX}check"
_MOST: Final = 5  # arguments with which a command is tried: BLMOVE takes so many


def unanswered(client: redis.Redis) -> tuple[list[str], list[str]]:
    """
    Return the commands that the store lacks, and those that its user may not send.

    Each is queued in a transaction that is discarded, so none is run: a store looks up the command
    and the rights of its user when it queues. Not by ``redis.acl_check_cmd``: it kills Valkey 9.1
    if a command has fewer arguments than it needs. Raises StoreUnavailable.

    https://valkey.io/topics/transactions/
    """
    tried = [*_tries()]
    with guarded():
        answers = _answers(client, [command for _, command in tried])
    lacking, denied = set(), set()
    for (name, _), answer in zip(tried, answers, strict=False):
        text = str(answer).lower() if isinstance(answer, redis.RedisError) else ""
        if "unknown command" in text or "unknown subcommand" in text:
            lacking.add(name)
        elif "permission" in text:
            denied.add(name)
    return sorted(lacking), sorted(denied)


def _tries() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield names and commands: each in several lengths, as one that is too short is refused."""
    yield "MULTI", ("MULTI",)
    for name in sorted(STEPS | CLIENTS):
        for number in range(_MOST + 1):
            yield name, (*name.split("|"), *[_KEY] * number)
    # Rights may be given for some keys and channels alone.
    yield f"GET {keys.RQ}*", ("GET", f"{keys.RQ}check")


def _answers(client: redis.Redis, commands: list[tuple[str, ...]]) -> list[Any]:
    """
    Send *commands* over a connection of their own, and return the answer to each; if the first is
    refused, only that: without a transaction the others would be run.
    """
    connection: Any = client.connection_pool.get_connection()
    try:
        connection.send_command(*commands[0])
        answers = [_answer(connection)]
        if not isinstance(answers[0], redis.RedisError):
            connection.send_packed_command(connection.pack_commands(commands[1:]))
            answers += (_answer(connection) for _ in commands[1:])
        return answers
    finally:
        connection.disconnect()  # which discards the transaction
        client.connection_pool.release(connection)


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error

"""
What a store says that refuses a user: in words that name what is missing and what to do.

https://valkey.io/topics/acl/
"""

from __future__ import annotations

import re

import redis

from workers.store import keys

# For `redis-cli`: RQ's keys are beside ours; INFO and CONFIG GET tell how durable the store is.
RULE = f"~{keys.PREFIX}* ~{keys.RQ}* &* +@all -@admin -@dangerous +info +config|get +client"
_IN_SCRIPT = (
    "can't run this command",
    "can't access at least one of the keys",
    "NOPERM",
    "ACL failure",
)
_NAMED = re.compile(r"(?:User \S+ has )?no permissions to [^:(]*", re.IGNORECASE)


def refusal(error: redis.RedisError) -> str | None:
    """Return what the store refuses its user by *error*, and what to do; None: something else."""
    text = str(error)
    if isinstance(error, redis.exceptions.AuthenticationError):
        if "required" in text.lower() or "NOAUTH" in text:
            return "the store needs a password; give REDIS_URL one (redis://USER:PASSWORD@HOST)"
        return "the store refuses the user or the password of REDIS_URL; correct them"
    if isinstance(error, redis.exceptions.NoPermissionError) or any(w in text for w in _IN_SCRIPT):
        return (
            f"the store refuses its user a right: {_named(text)}; give it what Instep needs: "
            f"ACL SETUSER NAME {RULE}"
        )
    return None


def _named(text: str) -> str:
    """Return what *text* says is missing, without what differs from one refusal to the next."""
    found = _NAMED.search(text)
    return found[0].strip() if found else text

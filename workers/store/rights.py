"""
Errors of a store that refuses a user: what is missing, and what to do.

https://valkey.io/topics/acl/
"""

from __future__ import annotations

import re

import redis

from workers.store import keys

# For `redis-cli`. INFO and CONFIG GET are needed to check durability.
RULE = f"~{keys.PREFIX}* ~{keys.RQ}* &* +@all -@admin -@dangerous +info +config|get +client"
_IN_SCRIPT = (
    "can't run this command",
    "can't access at least one of the keys",
    "NOPERM",
    "ACL failure",
)
_NAMED = re.compile(r"(?:User \S+ has )?no permissions to [^:(]*", re.IGNORECASE)


def refusal(error: redis.RedisError) -> str | None:
    """Return which right *error* denies, and what to do; None: it is another error."""
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
    """Return the missing permission in *text*, without the parts that vary."""
    found = _NAMED.search(text)
    return found[0].strip() if found else text

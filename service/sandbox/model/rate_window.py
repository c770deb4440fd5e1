"""
The rate limit: a fixed window per token, opened by its first request.

https://developers.webflow.com/data/reference/rate-limits
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """
    The rate headers of one answer.

    Args:
        ends_in: Whole seconds to the end of the window, at least 1.
        refused: The window was used up.
    """

    limit: int
    remaining: int
    ends_in: int
    refused: bool = False


@dataclass(slots=True)
class Window:
    """
    One token's window.

    Args:
        limit: Requests per window.
        hidden_per_minute: Rate of a second consumer of the same token.
        hidden_since: When the second consumer started.
    """

    limit: int
    seconds: float = 60.0
    opened: float | None = None
    used: int = 0
    hidden_per_minute: float = 0.0
    hidden_since: float = 0.0

    def take(self, now: float) -> Allowance:
        """Count a request at *now*, unless the window is used up."""
        self._roll(now)
        left = self._left(now)
        if left > 0:
            self.used += 1
        return Allowance(self.limit, max(left - 1, 0), self._ends_in(now), refused=left <= 0)

    def look(self, now: float) -> Allowance:
        """Return the state at *now*, for a request that does not count."""
        self._roll(now)
        return Allowance(self.limit, max(self._left(now), 0), self._ends_in(now))

    def use(self, now: float, requests: int) -> None:
        """Count *requests* of another consumer."""
        self._roll(now)
        self.used += requests

    def hide(self, now: float, per_minute: float) -> None:
        """Start a second consumer with *per_minute* requests; 0 stops it."""
        self._roll(now)
        self.used += self._hidden(now)
        self.hidden_per_minute, self.hidden_since = per_minute, now

    def seen(self, now: float) -> tuple[int, float | None]:
        """Return the used requests at *now*, and the end of the window; None: none is open."""
        if self.opened is None or not 0 <= now - self.opened < self.seconds:
            return 0, None
        return min(self.used + self._hidden(now), self.limit), self.opened + self.seconds

    def reset(self) -> None:
        """Close the window: the next request opens a new one."""
        self.opened, self.used = None, 0

    def _roll(self, now: float) -> None:
        # After the clock is set back, no window may last longer than its length.
        if self.opened is None or not 0 <= now - self.opened < self.seconds:
            self.opened, self.used = now, 0

    def _hidden(self, now: float) -> int:
        since = max(self.opened or now, self.hidden_since)
        return int(max(now - since, 0) * self.hidden_per_minute / 60)

    def _left(self, now: float) -> int:
        return self.limit - self.used - self._hidden(now)

    def _ends_in(self, now: float) -> int:
        return max(math.ceil((self.opened or now) + self.seconds - now), 1)


@dataclass(slots=True)
class Token:
    """A token: its window, its validity and its scopes; None: all."""

    window: Window
    valid: bool = True
    scopes: frozenset[str] | None = None


class Tokens:
    def __init__(self, token: str, *, limit: int, now: Callable[[], float]) -> None:
        self._now = now
        self._tokens = {token: Token(Window(limit))}
        self.main = token

    def set(self, token: str, *, valid: bool) -> None:
        """Add a token, revoke it, or make it valid again; it keeps its window."""
        known = self._tokens.setdefault(token, Token(Window(self.window().limit)))
        known.valid = valid

    def grant(self, token: str, scopes: Collection[str] | None) -> None:
        """Limit a known *token* to *scopes*; None: no limit."""
        self._tokens[token].scopes = None if scopes is None else frozenset(scopes)

    def window(self, token: str | None = None) -> Window:
        """Return the window of a token, by default the main one; raises KeyError."""
        return self._tokens[token or self.main].window

    def is_valid(self) -> bool:
        """Tell whether the main token is not revoked."""
        return self._tokens[self.main].valid

    def admit(self, header: str, *, counted: bool = True) -> tuple[Allowance, bool]:
        """
        Admit a request by its Authorization *header*.

        Return its window, and whether the token is valid; a request without a valid token is not
        counted.

        Args:
            counted: False for a call with its own limit.
        """
        token = self._presented(header)
        if token is None:
            return Window(self.window().limit).take(self._now()), False
        take = token.window.take if counted else token.window.look
        return take(self._now()), True

    def scopes(self, header: str) -> frozenset[str] | None:
        """Return the scopes of the token in *header*; None: all."""
        token = self._presented(header)
        return None if token is None else token.scopes

    def limit(self, header: str) -> int:
        """Return the limit per window of the token in *header*."""
        token = self._presented(header)
        return self.window().limit if token is None else token.window.limit

    def _presented(self, header: str) -> Token | None:
        scheme, _, presented = header.partition(" ")
        for token, found in self._tokens.items() if scheme.lower() == "bearer" else ():
            if found.valid and hmac.compare_digest(presented.encode(), token.encode()):
                return found
        return None

    def use(self, requests: int, token: str | None = None) -> None:
        self.window(token).use(self._now(), requests)

    def hide(self, per_minute: float, token: str | None = None) -> None:
        self.window(token).hide(self._now(), per_minute)

"""
The credentials of a pull: a header of each request.

A token of OAuth client credentials is asked for once in a run, and once more if the source refuses
it. The client's own credentials go as HTTP Basic, which every server has to take.

https://www.rfc-editor.org/rfc/rfc6749#section-4.4 and #section-2.3.1
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus

import requests

from service.fetchers.responses import Answer
from service.senders.payload import parse_json
from workers.config.pull import Pull
from workers.errors import PayloadInvalid, PullFailed

Send = Callable[[requests.Request], Answer]
LONGEST: Final = 8192  # characters of a token


@dataclass(eq=False)
class Credentials:
    """
    Those of one pull, in one run.

    Args:
        send: Sends the request for a token, and returns its answer; raises PullFailed.
    """

    pull: Pull
    send: Send
    _token: str = field(default="", repr=False)

    @property
    def token(self) -> str:
        """The token of OAuth that is used, to be masked; empty: none."""
        return self._token

    def headers(self) -> Mapping[str, str]:
        """Return the headers of a request; raises PullFailed if no token can be had."""
        pull = self.pull
        if pull.auth == "bearer":
            return {"Authorization": f"Bearer {pull.token}"}
        if pull.auth == "basic":
            return {"Authorization": _basic(pull.token or "")}
        if pull.auth == "client-credentials":
            self._token = self._token or self._ask()
            return {"Authorization": f"Bearer {self._token}"}
        return {}

    def renew(self) -> bool:
        """Forget a refused token; False: there is none that could be renewed."""
        had, self._token = bool(self._token), ""
        return had

    def _ask(self) -> str:
        pull = self.pull
        form = {"grant_type": "client_credentials"} | ({"scope": pull.scope} if pull.scope else {})
        client = f"{quote_plus(pull.client_id or '')}:{quote_plus(pull.client_secret or '')}"
        headers = {"Authorization": _basic(client), "Accept": "application/json"}
        answer = self.send(requests.Request("POST", pull.token_url, headers, data=form))
        try:
            found: Any = parse_json(answer.body)
        except PayloadInvalid:
            found = None
        token = found.get("access_token") if isinstance(found, dict) else None
        if not isinstance(token, str) or not _is_token(token):
            raise PullFailed(
                "token_url: found no access_token in the answer, expected JSON with it"
            )
        return token


def _is_token(text: str) -> bool:
    return 0 < len(text) <= LONGEST and text.isascii() and text.isprintable() and " " not in text


def _basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"

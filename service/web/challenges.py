"""
Challenges: requests by which a system verifies an address before it sends webhooks there.

A source answers only the challenge it is configured for (``challenge = "…"``). A challenge carries
no signature, and the answer has no effect: no event comes of it.

| ``challenge`` | Request | Answer |
|---|---|---|
| ``hub.challenge`` | GET with that parameter | its value; 403 without ``verify_token``, if set |
| ``challenge`` | POST of JSON with that key, and only token and type beside it | it, as JSON |
| ``validationToken`` | POST or GET with that parameter | its value |
| ``WebHook-Request-Origin`` | OPTIONS with that header | the same as ``WebHook-Allowed-Origin`` |
| ``HEAD`` | HEAD or GET, by Trello, Mandrill and Mailchimp | 200, empty |

https://www.w3.org/TR/websub/#hub-verifies-intent
https://developers.facebook.com/docs/graph-api/webhooks/getting-started (hub.verify_token)
https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md
https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/ (HEAD)
https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/ (HEAD)
https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/ (GET)
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs

from service.senders.base import QUERY, Answer
from service.senders.payload import parse_json
from workers.errors import PayloadInvalid

LONGEST: Final = 1_024  # characters; a longer value is not echoed

METHODS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "hub.challenge": ("GET",),
        "challenge": ("POST",),
        "validationToken": ("POST", "GET"),
        "WebHook-Request-Origin": ("OPTIONS",),
        "HEAD": ("HEAD", "GET"),
    }
)
_BESIDE: Final = {"challenge", "token", "type"}
_NO_SNIFFING: Final = ("X-Content-Type-Options", "nosniff")


def echo(
    challenge: str, headers: Mapping[str, str], body: bytes, token: str | None = None
) -> Answer | None:
    """
    Return the answer if this request is such a *challenge*, else None.

    Args:
        challenge: A name of ``METHODS``; the request came by one of its methods.
        headers: With lower-case names, and the raw query under ``QUERY``.
        token: The expected ``hub.verify_token``; None: not checked.
    """
    if token is not None and not _has_token(token, headers):
        return Answer(403)
    return _ECHOES.get(challenge, _of_parameter)(challenge, headers, body)


def _parameters(headers: Mapping[str, str], name: str) -> list[str]:
    try:
        return parse_qs(headers.get(QUERY, ""), max_num_fields=100).get(name, [])
    except ValueError:
        return []


def _has_token(token: str, headers: Mapping[str, str]) -> bool:
    found = _parameters(headers, "hub.verify_token")
    given = found[0] if len(found) == 1 else ""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())


def _of_parameter(name: str, headers: Mapping[str, str], _: bytes) -> Answer | None:
    found = _parameters(headers, name)
    return _text(found[0]) if len(found) == 1 else None


def _of_body(name: str, _: Mapping[str, str], body: bytes) -> Answer | None:
    try:
        found = parse_json(body)
    except PayloadInvalid:
        return None
    # An event may have a key of this name, too; then it has other keys beside it.
    if not isinstance(found, dict) or not found.keys() <= _BESIDE or name not in found:
        return None
    value = found[name]
    if not isinstance(value, str) or len(value) > LONGEST:
        return None
    return Answer(200, json.dumps({name: value}), "application/json", (_NO_SNIFFING,))


def _of_origin(name: str, headers: Mapping[str, str], _: bytes) -> Answer | None:
    origin = headers.get(name.lower(), "")
    if not origin or len(origin) > LONGEST or not origin.isprintable() or not origin.isascii():
        return None
    rate = (("WebHook-Allowed-Rate", "*"),) if "webhook-request-rate" in headers else ()
    return Answer(200, headers=(("WebHook-Allowed-Origin", origin), ("Allow", "POST"), *rate))


def _text(value: str) -> Answer | None:
    if len(value) > LONGEST:
        return None
    return Answer(200, value, "text/plain; charset=utf-8", (_NO_SNIFFING,))


_ECHOES: Final[Mapping[str, Callable[[str, Mapping[str, str], bytes], Answer | None]]] = {
    "challenge": _of_body,
    "WebHook-Request-Origin": _of_origin,
    "HEAD": lambda _, __, ___: Answer(200),
}

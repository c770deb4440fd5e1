"""A session whose `send` is one request and its answer."""

from __future__ import annotations

import os
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

_PROXIES = ("https_proxy", "http_proxy", "all_proxy")


def is_proxy_set() -> bool:
    """
    Tell whether the environment names a proxy: only then a session should have ``trust_env``.

    With it requests looks for proxies and .netrc at every request.
    """
    return any(os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXIES)


class PlainSession(requests.Session):
    """
    Follows no redirect, reads no body by itself, and keeps no cookie.

    `send`, not that of an adapter: instrumentation of requests sees what goes through it
    (docs/tracing.md).
    """

    def __init__(self) -> None:
        super().__init__()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def get_redirect_target(self, resp: Any) -> None:
        """Return None: requests would read the whole body, and fails on a malformed Location."""
        return

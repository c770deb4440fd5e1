"""The path below which a proxy serves the application: ``X-Forwarded-Prefix``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# No empty segment: a URL that begins with // would lead to another host.
_FORM: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}){1,8}")


class PathPrefix:
    """
    A WSGI application whose links begin with the prefix that the proxy names.

    The proxy takes the prefix off the path. A value that is no path is ignored.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        prefix: Any = environ.get("HTTP_X_FORWARDED_PREFIX")
        if prefix and _FORM.fullmatch(prefix.rstrip("/")):
            environ["SCRIPT_NAME"] = prefix.rstrip("/")
        return self._application(environ, start)

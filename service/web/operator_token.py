"""Access to the pages for operators: the request must carry ``INSTEP_ADMIN_TOKEN``."""

from __future__ import annotations

import hmac
from http import HTTPStatus

from flask import Response

from service.api.authorization import bearer, password

_CLOSED = "Set the environment variable INSTEP_ADMIN_TOKEN and start again to use this page.\n"
_REFUSED = (
    "Send INSTEP_ADMIN_TOKEN: as the password of the form that the browser shows, with any user "
    'name, or as the header "Authorization: Bearer TOKEN".\n'
)


def refusal(admin_token: str | None) -> Response | None:
    """Return the answer to a request that may not see the page, else None."""
    if admin_token is None:
        return Response(_CLOSED, HTTPStatus.FORBIDDEN, content_type="text/plain")
    if hmac.compare_digest(bearer() or password(), admin_token.encode()):
        return None
    response = Response(_REFUSED, HTTPStatus.UNAUTHORIZED, content_type="text/plain")
    response.headers["WWW-Authenticate"] = 'Basic realm="Instep", charset="UTF-8"'
    return response

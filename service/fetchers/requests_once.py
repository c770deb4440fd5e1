"""One HTTP request, complete and in time; imported only where something is fetched."""

from __future__ import annotations

from typing import Final

import requests

from service.fetchers.responses import Answer
from workers.errors import FetchRefused, FetchUnavailable
from workers.transport.deadline import Deadline, DeadlineAdapter
from workers.transport.http_answer import FAILURES, AnswerTooLong, innermost, read_body
from workers.transport.plain_session import PlainSession

LARGEST: Final = 16 * 1024 * 1024  # bytes of an answer


def ask(
    what: str, request: requests.Request, *, seconds: float, secret: str, largest: int | None = None
) -> Answer:
    """
    Send *request* and return its answer, whatever the status.

    Args:
        what: Names the request in messages.
        seconds: For the whole request.
        secret: Masked in messages.
        largest: Bytes that an answer may have; None: `LARGEST`.

    Raises:
        FetchRefused: The answer is too long.
        FetchUnavailable: No complete answer in time.
    """
    deadline = Deadline()
    deadline.start(seconds, float("inf"))
    try:
        return _exchange(request, deadline, LARGEST if largest is None else largest)
    except AnswerTooLong as error:
        raise FetchRefused(f"{what}: {error}") from None
    except FAILURES as error:
        reason = deadline.reason or innermost(error)
        raise FetchUnavailable(f"{what}: {reason.replace(secret, '***')}") from None
    finally:
        deadline.stop()


def _exchange(request: requests.Request, deadline: Deadline, largest: int) -> Answer:
    with PlainSession() as session:
        session.trust_env = False  # no proxy, and no token of a .netrc
        for scheme in ("http://", "https://"):
            session.mount(scheme, DeadlineAdapter(deadline))
        prepared = request.prepare()
        with session.send(prepared, stream=True, allow_redirects=False) as response:
            body = read_body(response, largest)
    if deadline.expired:  # a body without a length ends where the socket was shut
        raise OSError("the time is up")
    lower = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, lower, body)

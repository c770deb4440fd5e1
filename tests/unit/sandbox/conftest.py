"""A stand-in on a free port, a clock that tests set, and clients of it."""

from tests.support.sandbox_site import (  # noqa: F401
    clock,
    locales,
    official,
    official_with,
    session,
    site,
    things,
    url,
    v1,
    v2,
)

"""A system of one's own that sends a secret in a header. The body is not proven."""

from __future__ import annotations

from service.senders.base import Given, Kind
from service.senders.composed import Proven
from service.senders.options import OWN, HeaderName, OwnOptions, reading
from service.senders.payload import parse
from service.senders.shared_secret import Carried, secrets


class Options(OwnOptions):
    header = HeaderName(required=True)


def build(given: Given) -> Proven:
    name: str = given.options["header"]
    return Proven(
        Carried(secrets(given, "header"), "header", name),
        reading(given, name),
        parse,
        given.options["body"],
    )


KIND = Kind(Options, build, "the value", "a fixed value in a header", **OWN)

"""A system of one's own that sends ``Authorization: Bearer <secret>``. The body is not proven."""

from __future__ import annotations

from service.senders.base import Given, Kind
from service.senders.composed import Proven
from service.senders.options import OWN, OwnOptions, reading
from service.senders.payload import parse
from service.senders.shared_secret import Carried, secrets


class Options(OwnOptions):
    pass


def build(given: Given) -> Proven:
    proof = Carried(secrets(given, "bearer"), "bearer")
    return Proven(proof, reading(given, "authorization"), parse, given.options["body"])


KIND = Kind(Options, build, "the token", "Authorization: Bearer", **OWN)

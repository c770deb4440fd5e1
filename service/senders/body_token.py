"""A system of one's own that sends a secret in the body, JSON or a form."""

from __future__ import annotations

from service.senders.base import Given, Kind
from service.senders.composed import Proven
from service.senders.options import OWN, OwnOptions, reading
from service.senders.payload import parse
from service.senders.shared_secret import Carried, FieldOptions, conceal, secrets


class Options(OwnOptions, FieldOptions):
    pass


def build(given: Given) -> Proven:
    proof = Carried(secrets(given, "body-token"), "body-token", place=given.options["field"])
    return Proven(proof, reading(given), parse, given.options["body"])


KIND = Kind(Options, build, "the token", "a fixed value in the body", **OWN, conceal=conceal)

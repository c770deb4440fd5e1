"""
A system of one's own that sends a secret in the address: ``?<parameter>=<secret>``.

The body is not proven, and addresses end up in the logs of proxies: any other sender is better.
"""

from __future__ import annotations

from service.senders.base import Given, Kind
from service.senders.composed import Proven
from service.senders.options import OWN, OwnOptions, Text, reading
from service.senders.payload import parse
from service.senders.shared_secret import Carried, secrets


class Options(OwnOptions):
    parameter = Text(required=True)


def build(given: Given) -> Proven:
    proof = Carried(secrets(given, "query"), "query", given.options["parameter"])
    return Proven(proof, reading(given), parse, given.options["body"])


KIND = Kind(Options, build, "the value", "a fixed value in the query", **OWN)

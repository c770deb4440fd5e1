"""
A system of one's own that sends a secret in the address: ``?<parameter>=<secret>``.

The body is not proven, and addresses end up in the logs of proxies: any other sender is better.
"""

from service.senders.base import SenderKind
from service.senders.options import OWN, OwnOptions, text
from service.senders.shared_secret import build_own


class QueryOptions(OwnOptions):
    parameter = text(required=True)


KIND = SenderKind(build_own, "the value", "a fixed value in the query", **OWN, options=QueryOptions)

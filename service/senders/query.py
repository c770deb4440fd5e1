"""
A generic sender with a secret in the URL: ``?<parameter>=<secret>``.

The body is not proven, and proxies log URLs: prefer any other sender.
"""

from service.senders.base import SenderKind
from service.senders.options import OWN, OwnOptions, text
from service.senders.shared_secret import build_own


class QueryOptions(OwnOptions):
    parameter = text(required=True)


KIND = SenderKind(build_own, "the value", "a fixed value in the query", **OWN, options=QueryOptions)

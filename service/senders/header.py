"""A generic sender with a secret in a header. The body is not proven."""

from service.senders.base import SenderKind
from service.senders.options import OWN, OwnOptions, header_name
from service.senders.shared_secret import build_own


class HeaderOptions(OwnOptions):
    header = header_name(required=True)


KIND = SenderKind(build_own, "the value", "a fixed value in a header", **OWN, options=HeaderOptions)

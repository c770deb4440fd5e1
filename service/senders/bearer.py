"""A generic sender with ``Authorization: Bearer <secret>``. The body is not proven."""

from service.senders.base import SenderKind
from service.senders.options import OWN, OwnOptions
from service.senders.shared_secret import build_own

KIND = SenderKind(build_own, "the token", "Authorization: Bearer", **OWN, options=OwnOptions)

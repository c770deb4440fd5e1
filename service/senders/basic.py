"""A generic sender with HTTP basic auth. The body is not proven."""

from service.senders.base import SenderKind
from service.senders.options import OWN, OwnOptions
from service.senders.shared_secret import build_own

KIND = SenderKind(build_own, "user:password", "Authorization: Basic", **OWN, options=OwnOptions)

"""A generic sender with a secret in the body, JSON or a form."""

from service.senders.base import SenderKind
from service.senders.options import OWN, OwnOptions, payload_place
from service.senders.shared_secret import build_own, conceal


class BodyTokenOptions(OwnOptions):
    field = payload_place(required=True)


KIND = SenderKind(
    build_own,
    "the token",
    "a fixed value in the body",
    **OWN,
    options=BodyTokenOptions,
    conceal=conceal,
)

"""Why a request of a source was refused, in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class RefusalKind:
    """*status*: the answer that the sender got."""

    title: str
    status: str
    explains: str
    do: str


_ADDRESS: Final = "/webhooks/NAME, with the path token if the source has one"
KINDS: Final[Mapping[str, RefusalKind]] = MappingProxyType(
    {
        "refused": RefusalKind(
            "The signature or token is wrong or missing",
            "401",
            "The sender uses another secret, a proxy has changed the body, or a clock is wrong.",
            "Compare `secrets` of this source with the sender's settings. Open one of the refused "
            "deliveries: it says which header was looked at.",
        ),
        "not-found": RefusalKind(
            "There is no such address",
            "404",
            "The request names no source, or another path token.",
            f"Correct the address at the sender: {_ADDRESS}.",
        ),
        "method": RefusalKind(
            "It is no POST",
            "405",
            "Somebody opened the address, or the sender checks that it exists.",
            "Nothing, unless the sender shows an error: then set it to POST.",
        ),
        "too-large": RefusalKind(
            "The body is too large",
            "413",
            "It is larger than `max_body` of this source.",
            "Raise `max_body` of this source, then `instep reload`; or have the sender put less "
            "into one delivery.",
        ),
        "late": RefusalKind(
            "The request was not whole in time",
            "408",
            "The sender, or the network between, was too slow. Most senders send it again.",
            "Nothing if it is rare. Else check the network and the proxy between the sender and "
            "Instep.",
        ),
        "incomplete": RefusalKind(
            "The request was cut off",
            "400",
            "The connection ended before the body did. A repeat that is whole is taken.",
            "Nothing if it is rare. Else check the network and the proxy between the sender and "
            "Instep.",
        ),
        "malformed": RefusalKind(
            "It was no delivery",
            "400",
            "The request cannot be read as one: most often a scanner of the internet.",
            "Nothing, unless the sender shows errors: then look at what it sends.",
        ),
        "busy": RefusalKind(
            "There was no room or no thread for it",
            "503",
            "More came at once than this machine could take. Senders send it again.",
            "Nothing if it is rare. Else raise `--processes` of `instep web`, or add a machine.",
        ),
    }
)


def refusal_kind(reason: str) -> RefusalKind:
    """Return what *reason*, of ``workers.store.refusals.REASONS``, means."""
    return KINDS[reason]

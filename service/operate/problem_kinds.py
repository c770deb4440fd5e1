"""Kinds of problems, which are those of dead letters, in the words of who reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """
    Args:
        title: What is wrong, short.
        explains: What happened, and what the site shows meanwhile.
        page, anchor: Of the documentation.
    """

    title: str
    explains: str
    page: str = "operating"
    anchor: str = "dead-letters"


KINDS: Final[Mapping[str, ProblemKind]] = MappingProxyType(
    {
        "refused": ProblemKind(
            "Refused by the CMS",
            "The CMS refused these values, or they do not fit the fields of the collection and "
            "were not sent. The site still shows what these fields held before.",
        ),
        "missing": ProblemKind(
            "No item for it",
            "The collection has no item with these keys, or the fields refer to items that do not "
            "exist. The values are kept here, and the site does not show them.",
            "creating-and-retiring",
            "",
        ),
        "unmapped": ProblemKind(
            "Does not fit the mapping",
            "Events came that the mapping could not read, or not whole. What could be read was "
            "sent. The rest is not on the site.",
            "mappings",
            "",
        ),
        "exhausted": ProblemKind(
            "Gave up after several attempts",
            "The CMS failed each time these items were written, while it took others. The site "
            "still shows what they held before.",
        ),
        "writeback": ProblemKind(
            "Not told where it came from",
            "What became of these records could not be written back to where they came from. The "
            "site is not affected.",
            "write-back",
            "",
        ),
        "not-applied": ProblemKind(
            "Accepted by the CMS, but not shown",
            "The CMS answered that it took these values; read afterwards, its items do not hold "
            "them. The site still shows what they held before.",
        ),
    }
)


def kind_of(name: str) -> ProblemKind:
    """Return the kind *name*; one of another release has its own name as its title."""
    return KINDS.get(name) or ProblemKind(name, "")

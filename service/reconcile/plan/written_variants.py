"""Which variants of an item show a field: that of its own locale, or all that are written. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.reconcile.plan.model import ListedItem
from workers.webflow.site import tag_of


@dataclass(frozen=True, slots=True)
class WrittenVariants:
    """
    The locales that a collection writes.

    Args:
        locales: Of the collection: "primary", "all" or tags.
        tags: Of the site, the primary one first; empty: not localized, or not read.
    """

    locales: str | Sequence[str] = "primary"
    tags: tuple[str, ...] = ()

    def views(
        self, item: ListedItem, variants: Mapping[str, ListedItem], slug: str
    ) -> Iterator[tuple[str, ListedItem]]:
        """
        Yield tag and variant of each variant that shows *slug*; the primary one has the tag "".

        Args:
            item: The primary variant.
            variants: The others, by the tags of their locales.
        """
        primary = self.tags[0].lower() if self.tags else ""
        own = tag_of(slug)
        wanted = [own.lower()] if own else self._shared(primary)
        if primary in wanted:
            yield "", item
        for tag in self.tags[1:]:
            if tag.lower() in wanted and tag in variants:
                yield tag, variants[tag]

    def _shared(self, primary: str) -> list[str]:
        if self.locales == "primary" or not self.tags:
            return [primary]
        if isinstance(self.locales, str):
            return [tag.lower() for tag in self.tags]
        return [tag.lower() for tag in self.locales]


PRIMARY = WrittenVariants()  # the primary variant alone

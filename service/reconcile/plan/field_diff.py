"""One field of a record, compared three ways: source, outbox and item. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.plan.comparison import Comparison
from service.reconcile.plan.copies import may_be_staged
from service.reconcile.plan.field_match import Match, in_variant, shown_in
from service.reconcile.plan.model import ComparedRecord, ListedItem, SourceField
from service.reconcile.plan.precedence import SUPERSEDED, UNDECIDED, is_news, is_same, is_undone
from workers.model.versions import BEFORE
from workers.store.item_record import FieldRecord
from workers.webflow.site import tag_of

UNDONE = "it was undone: only a newer version of the source's own goes over it"
LIVE = "only the staged copy shows it"
NOTES = {"dead": causes.LETTER, "ignored": causes.IGNORED, "discarded": causes.DISCARDED}


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """
    The comparison of one field.

    Args:
        item: One variant, or the live copy, of the record's item.
        wanted: The source's value.
        held: The outbox's value; None: it has none.
    """

    one: ComparedRecord
    item: ListedItem
    wanted: SourceField
    held: FieldRecord | None
    comparison: Comparison

    def in_variants(self) -> Finding | None:
        """Compare with every variant of the item that has to show the field."""
        worst, tags, own = None, [], tag_of(self.wanted.slug)
        views = self._views()
        if not views and own:
            return self._without_variant()
        for tag, view in views:
            held, slug = self.held, self.wanted.slug
            known = in_variant(held, view, slug) if held and tag and not own else held
            found = replace(self, item=view, held=known)._in_item()
            if found is not None:
                tags.append(tag or (self.comparison.written.tags or ("",))[0])
                worst = found if worst is None or worst.act == causes.NONE else worst
        why = f"in {', '.join(tags)}; {worst.why if worst else ''}".rstrip("; ")
        return worst and (worst if [tag for tag, _ in views] == [""] else replace(worst, why=why))

    def in_live(self) -> Finding | None:
        """Compare with the live copy of the primary variant, if it was read."""
        if self.one.live is None or not may_be_staged(self.item, self.held):
            return None
        if all(tag for tag, _ in self._views()):
            return None
        found = replace(self, item=self.one.live)._in_item()
        return found and replace(found, why="; ".join(filter(None, [LIVE, found.why])))

    def in_outbox(self) -> Finding | None:
        """Compare with the outbox alone: the listing does not show the item, which may be there."""
        found = self._in_outbox()
        # Without an item: nothing is known of what it showed before.
        return found and replace(found, item=None)

    def is_doubted(self) -> bool:
        """Tell whether a live copy that was not read may differ."""
        unread = self.one.live is None
        return any(
            may_be_staged(view, self.held) and bool(tag or unread) for tag, view in self._views()
        )

    def _views(self) -> list[tuple[str, ListedItem]]:
        return [*self.comparison.written.views(self.item, self.one.variants, self.wanted.slug)]

    def _without_variant(self) -> Finding:
        held, wanted = self.held, self.wanted
        why = f"the item has no variant in {tag_of(wanted.slug)}"
        if held is not None and held.state in NOTES and held.value == wanted.value:
            return self._finding(NOTES[held.state], why=why)
        new = held is None or is_news(wanted, held, self.one.held.gone, self.comparison.order)
        cause, act = (causes.MISSED, causes.ACCEPT) if new else (causes.LOST, causes.REPAIR)
        act, reason = self._by_policy(act)
        return self._finding(cause, act, f"{why}; {reason}".rstrip("; "))

    def _in_outbox(self) -> Finding | None:
        order, gone, held = self.comparison.order, self.one.held.gone, self.held
        if ahead := self.comparison.ahead(self.wanted):
            return self._finding(causes.UNFIT, why=ahead)
        if held is not None and is_undone(self.wanted, held, order):
            return self._finding(causes.UNDONE, why=UNDONE)
        version = order.version(self.wanted.version, (held, gone))
        case = replace(self, wanted=replace(self.wanted, version=version))
        if is_news(case.wanted, held, gone, order):
            return case._finding(causes.MISSED, *self._by_policy(causes.ACCEPT))
        if held is None or is_same(case.wanted, held) or not order.is_undecided(version, held):
            return None
        return case._finding(causes.UNDECIDED, why=UNDECIDED)

    def _in_item(self) -> Finding | None:
        order, gone, held = self.comparison.order, self.one.held.gone, self.held
        if ahead := self.comparison.ahead(self.wanted):
            return self._finding(causes.UNFIT, why=ahead)
        version = order.version(self.wanted.version, (held, gone))
        if held is not None and is_undone(self.wanted, held, order):
            return self._undone(held)
        case = replace(self, wanted=replace(self.wanted, version=version))
        if held is None or is_news(case.wanted, held, gone, order):
            return case._missed()
        if not is_same(case.wanted, held) and order.is_undecided(version, held):
            return case._shown_already(held) or case._finding(causes.UNDECIDED, why=UNDECIDED)
        return case._unshown(held)

    def _missed(self) -> Finding | None:
        """Compare with a value that is newer than the outbox's."""
        unknown = self.held is None and self.one.held.gone is None
        matched = self._match(None) if unknown else "no"
        if matched != "no":
            return self._normalised(matched)
        if self.comparison.order.superseded and self.wanted.version == BEFORE:
            return self._finding(causes.LATER, why=SUPERSEDED)
        if self.held is not None and (shown := self._shown_already(self.held)):
            return shown
        return self._finding(causes.MISSED, *self._by_policy(causes.ACCEPT))

    def _unshown(self, held: FieldRecord) -> Finding | None:
        """Return why the item does not show the outbox's value, which is the newest."""
        older = not is_same(self.wanted, held)
        matched = self._match(held)
        if matched != "no":
            is_older = self.comparison.order.is_older(self.wanted.version, held)
            cause = causes.OLDER if is_older else causes.LATER
            return self._finding(cause) if older else self._normalised(matched)
        if held.state == "pending" or held.mending:
            return self._finding(causes.ON_ITS_WAY)
        if self._is_fresh() and (self.item.updated or "") < (held.answered or ""):
            return self._finding(causes.ON_ITS_WAY, why="it was written during the listing")
        if held.state in NOTES:
            return self._finding(NOTES[held.state])
        act, why = self._by_policy(causes.REPAIR)
        if older:
            why = "; ".join(filter(None, [why, "the source is older than what Instep holds"]))
        return self._finding(self._cause(held), act, why)

    def _undone(self, held: FieldRecord) -> Finding | None:
        """Compare with a value that was put back by hand in place of the source's."""
        if self._match(held) != "no":
            return self._finding(causes.UNDONE, why=UNDONE)
        # What an editor has written since, the source has too.
        return None if self._match(None) != "no" else self._unshown(held)

    def _shown_already(self, held: FieldRecord) -> Finding | None:
        """
        Return the finding if the item already shows the snapshot's value, and the outbox holds
        another that is no newer: the outbox takes it, without a call. Its value is still sent if it
        is pending with the same version.
        """
        comparison, wanted = self.comparison, self.wanted
        type_ = comparison.matcher.type_of(wanted.type, wanted.slug)
        # A value that we wrote live is not one that an editor has staged since.
        doubtful = comparison.live and (not self.item.shown or may_be_staged(self.item, None))
        if type_.vague or doubtful or self.one.variants or self.one.held.gone is not None:
            return None
        if self._match(None) == "no":
            return None
        going = held.state == "pending" or held.mending or self._is_fresh()
        if going and comparison.order.is_newer_by_itself(wanted.version, held):
            return None
        act, why = self._by_policy(causes.ADOPT)
        if going:
            return self._finding(causes.ON_ITS_WAY, why=why)
        return self._finding(causes.SHOWN, act, why)

    def _by_policy(self, act: str) -> tuple[str, str]:
        return self.comparison.policies.field(self.wanted.slug, act)

    def _match(self, held: FieldRecord | None) -> Match:
        value = held or self.wanted
        return self.comparison.matcher.match(
            self.item, self.wanted.slug, value.value, value.type, held, self.one.links
        )

    def _is_fresh(self) -> bool:
        return self.comparison.is_fresh(self.one.held)

    def _normalised(self, matched: Match) -> Finding | None:
        """Note that the CMS keeps the value in a form of its own; without the values: long ones."""
        if matched == "as sent":
            return None
        return Finding(causes.NORMALISED, self.one.record, self.item.id, self.wanted.slug)

    def _cause(self, held: FieldRecord) -> str:
        """
        Tell an edit from a lost write, by whether the item has changed since its last answer.

        Our own writes to other fields change the item's time, too: so the last answer with this
        field counts, if known.
        """
        since, updated = held.answered or self.one.held.answered, self.item.updated
        edited = since is not None and updated is not None and updated > since
        return causes.EDITED if edited else causes.LOST

    def _finding(self, cause: str, act: str = causes.NONE, why: str = "") -> Finding:
        wanted, held = self.wanted, self.held
        return Finding(
            cause,
            self.one.record,
            self.item.id,
            wanted.slug,
            wanted.value,
            held.value if held else None,
            shown_in(self.item, wanted.slug),
            act,
            why,
            wanted.version,
            wanted.type,
            wanted.mapping,
            held.arrival if held else 0,
            wanted.on_create,
        )

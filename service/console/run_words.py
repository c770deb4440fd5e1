"""A run in words: what it is, how far, what came of it, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from service.console.plurals import many
from service.console.run_figures import Run, capital, progress
from workers.model.runs import COMPARISONS

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "reconcile": "Reconcile",
        "pull": "Pull",
        "remap": "Remap",
        "replay": "Replay",
        "undo": "Undo",
        "discard": "Discard failures",
        "approve": "Approve deletes",
        "drop": "Drop deletes",
        "seen": "Mark problems as seen",
        "ignore": "Ignore problems",
        "open": "Open problems again",
    }
)
STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "running": "running",
        "held": "waits for approval",
        "done": "done",
        "failed": "failed",
        "stopped": "stopped",
    }
)
UNDOABLE: Final = frozenset({*COMPARISONS, "remap", "replay", "undo"})
_DECISIONS: Final = ("approve", "drop")


def title(run: Run) -> str:
    """Return what the run is, such as ``Reconcile of products from erp``."""
    kind = KINDS.get(run["kind"], capital(run["kind"]))
    if run["kind"] == "approve" and "deletes" not in run["figures"]:
        kind = "Approve a run"
    of = f" of {run['collection']}" if run["collection"] else ""
    if run["kind"] in _DECISIONS and of:
        of = f" in {run['collection']}"
    return kind + of + (f" from {run['source']}" if run["source"] else "")


def state(run: Run) -> str:
    """Return the word of its state; of a held run that was approved ``approved``."""
    if is_proposed(run):
        return "proposed"
    return "approved" if is_approved(run) else STATES.get(run["state"], run["state"])


def tone_of(run: Run) -> str:
    """Return the state that gives the badge its colour."""
    if is_proposed(run):
        return "held"
    return "approved" if is_approved(run) else str(run["state"])


def is_approved(run: Run) -> bool:
    """Tell whether a held reconcile was approved: the next one does what this one has shown."""
    figures = run["figures"]
    return run["state"] == "held" and bool(
        figures.get("may_create") or figures.get("may_overwrite")
    )


def is_proposed(run: Run) -> bool:
    """Tell whether it is a proposal that waits for an approval."""
    return run["state"] == "held" and run["proposal"] is not None


def can_be_approved(run: Run) -> bool:
    """Tell whether it is a proposal, or held for more than its deletes."""
    return is_proposed(run) or (run["state"] == "held" and bool(_held(run["figures"])))


def is_final(run: Run) -> bool:
    """Tell whether what it is proposed for cannot be taken back."""
    figures = run["figures"]
    of_deletes = run["kind"] == "approve" and "deletes" in figures
    return is_proposed(run) and (of_deletes or run["kind"] == "discard")


def held_deletes(run: Run) -> int:
    """Return for how many deletes it is held."""
    figures = run["figures"]
    others = sum(figures.get(name, 0) for name in ("held_created", "held_overwritten"))
    return int(max(0, figures.get("held", 0) - others)) if run["state"] == "held" else 0


def is_whole(run: Run) -> bool:
    """Tell whether it is approved as a whole, or not at all."""
    return run["kind"] not in COMPARISONS or is_proposed(run)


def can_be_undone(run: Run) -> bool:
    return run["kind"] in UNDOABLE and run["state"] not in ("running", "held")


def sentence(run: Run) -> str:
    """Return how it stands, in one or two sentences."""
    figures, now = run["figures"], run["state"]
    if now == "running":
        far = progress(run)
        return f"It goes on: {far.words}." if far else "It has begun."
    if now == "held":
        return _held_sentence(run)
    if now == "failed":
        return f"It failed: {_ended(run['reason'] or 'no reason was kept')}"
    if now == "stopped":
        return f"It was stopped: {_ended(run['reason'] or 'no reason was kept')}"
    told = ", ".join(_results(figures)) or "nothing was to be done"
    return _ended(capital(told))


def _held_sentence(run: Run) -> str:
    figures = run["figures"]
    if is_proposed(run):
        return _ended(f"Proposed: {run['proposal']['why']}")
    if is_approved(run):
        may = _items(figures.get("may_create", 0), figures.get("may_overwrite", 0))
        return f"The next reconcile of the same source may {may}, as this one has shown."
    wanted = _held(figures)
    if not wanted:
        return _ended(capital(run["reason"] or "only its deletes wait for an approval"))
    told = f"It would {wanted}. Nothing of that was done."
    return f"{told} {_ended(capital(run['reason']))}" if run["reason"] else told


def _held(figures: Mapping[str, Any]) -> str:
    return _items(figures.get("held_created", 0), figures.get("held_overwritten", 0))


def _items(created: int, overwritten: int) -> str:
    """Return what is done to how many items; "": nothing."""
    made = [f"create {many(created, 'item')}"] if created else []
    if overwritten:
        made.append(f"overwrite {many(overwritten, 'item')}")
    return " and ".join(made)


def _results(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield what came of a run that is done."""
    if "differences" in figures:
        yield f"{many(figures['differences'], 'difference')} found"
    if "fields" in figures:
        items = many(figures.get("items", 0), "item")
        yield f"{many(figures['fields'], 'field')} of {items} put back"
    for name, words in _DONE.items():
        if figures.get(name):
            yield f"{figures[name]:,} {words}"


_DONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "repaired": "repaired",
        "taken": "values accepted",
        "replayed": "sent again",
        "discarded": "discarded",
        "approved": "approved",
        "dropped": "dropped",
        "deletes_dropped": "waiting deletes dropped",
        "groups": "marked",
        "held": "held for an approval",
        "left": "left as they were",
    }
)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def next_step(run: Run) -> str:
    """Return what a person can do now; "": nothing has to be done."""
    now, kind = run["state"], run["kind"]
    if now == "held":
        return _decision(run)
    if now in ("failed", "stopped") and not str(run["reason"]).startswith("dropped"):
        again = "begin it again; what was done before is not done twice"
        if kind in COMPARISONS:
            again = "run the reconcile again; a schedule does that by itself"
        return f"Correct what the reason names, then {again}."
    if now == "done" and run["figures"].get("left"):
        return "See below why something was left."
    return ""


def _decision(run: Run) -> str:
    if is_proposed(run):
        return "See what it would do by now, then approve or drop it. Nothing of it was done."
    if is_approved(run):
        return "Nothing, if the schedule runs it; else run the same reconcile once more."
    if not can_be_approved(run):
        return "Decide on its deletes, on the page Pending deletes."
    return "Approve it if these numbers are what you expect; else drop it, and correct the source."

"""The proposal to approve a run that is held."""

from __future__ import annotations

from typing import Any

from service.operate.held_runs import approve_run
from service.operate.proposals import OF_RUN, check_room
from workers.delivery.context import Context
from workers.errors import RequestRefused
from workers.store.audit import Audited


def propose_approval(
    context: Context, id: str, by: str, proposed: str, *, up_to: int | None = None
) -> tuple[str, dict[str, Any]]:
    """
    Propose to approve the held run *id*; return the id of the proposal, and the estimate.

    Args:
        by: Who proposes it, as in the audit list.
        proposed: Why.
        up_to: At most so many items of each kind; None: as many as it is held for.

    Raises:
        RequestRefused, UnknownName: As `held_runs.approve_run`; or it is a proposal itself.
        StoreUnavailable: The store does not answer.
    """
    check_room(context)
    held = context.runs.show(id)
    if held is not None and held.proposed:
        found, expected = f"{id}, a proposal", "a run that was held as it began"
        raise RequestRefused(found, expected, "a person decides on it: `instep runs`")
    made = approve_run(context, id, by=by, up_to=up_to, dry_run=True)
    run = context.runs.start(
        "approve",
        by,
        collection=held.collection if held else None,
        source=held.source if held else None,
        about={"of": OF_RUN, "run": id, "up_to": up_to},
        proposed=proposed,
        audited=Audited("propose approve run", id, {}),
    )
    return run, made

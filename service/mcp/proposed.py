"""What a tool answers that has proposed something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.delivery.context import Context


def proposed(context: Context, run: str, estimate: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return ``{run, state, until, estimate, confirm}``.

    Args:
        estimate: What it would do as things are now.

    Raises StoreUnavailable if the store does not answer.
    """
    about = context.runs.show(run)
    return {
        "run": run,
        "state": about.state if about else None,
        "until": about.proposed_until.isoformat() if about else None,
        "estimate": dict(estimate),
        "confirm": f"nothing was changed; a person looks and decides: `instep runs approve {run}`, "
        f"or `instep runs drop {run}`",
    }

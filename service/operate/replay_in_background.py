"""A replay of deliveries that nobody waits for: its run tells how far it is."""

from __future__ import annotations

import logging
import threading
from typing import Final

from service.config.build import Configuration
from service.operate.deliveries import replay_deliveries
from service.operate.delivery_replay import DeliverySelection, start_replay
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.errors import RequestRefused, StoreUnavailable

AT_ONCE: Final = 2  # replays of one process: each takes a thread, and room for what it compares

_log = logging.getLogger(__name__)


class BackgroundReplays:
    """The replays of this process; it ends with them unfinished, and they can be repeated."""

    def __init__(self, context: Context, configuration: Configuration) -> None:
        self._context = context
        self._configuration = configuration
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def begin(self, selection: DeliverySelection, *, by: str, scope: Scope) -> str:
        """
        Begin to replay *selection*, and return the id of the run.

        Raises:
            RequestRefused: `AT_ONCE` are running.
            StoreUnavailable: The store did not answer.
        """
        if not self._room.acquire(blocking=False):
            found = f"{AT_ONCE} replays that are running"
            raise RequestRefused(found, f"fewer than {AT_ONCE}", "wait until one has ended")
        try:
            run = start_replay(self._context, selection, by)
            arguments = (selection, run, by, scope)
            name = f"replay-{run}"
            threading.Thread(target=self._run, args=arguments, name=name, daemon=True).start()
        except BaseException:
            self._room.release()
            raise
        return run

    def _run(self, selection: DeliverySelection, run: str, by: str, scope: Scope) -> None:
        try:
            replay_deliveries(
                self._context,
                selection,
                dry_run=False,
                by=by,
                run=run,
                scope=scope,
                configuration=self._configuration,
            )
        except StoreUnavailable as error:
            _log.warning("replay ended early", extra={"run": run, "reason": error.shown})
        # The run says why; nobody waits for this thread.
        except Exception:
            _log.exception("replay failed", extra={"run": run})
        finally:
            self._room.release()

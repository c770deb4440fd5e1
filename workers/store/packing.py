"""Records at rest are packed: page by page, in the sweeper, all of them about once an hour."""

from __future__ import annotations

import uuid
from typing import Any, Final

from workers.store import keys
from workers.store.connection import guarded
from workers.store.scripts import Steps

PAGE: Final = 200  # keys per look
AT_ONCE: Final = 10  # records per step: about a millisecond of the store's time
AGAIN: Final = 3600  # s between the end of a round and the next one


class Packing:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._client: Any = steps.client  # typed as if it might not decode

    def look(self) -> bool:
        """Pack what is at rest of the next page; False: the next round is not due."""
        with guarded():
            cursor, due = self._client.hmget(keys.PACKING, "cursor", "next")
            if float(due or 0) > self._steps.now() >= float(due or 0) - AGAIN:
                return False
            next_cursor, names = self._client.scan(
                int(cursor or 0), match=keys.every("item"), count=PAGE
            )
        pairs = [keys.rest_of(name).partition(":")[::2] for name in names]
        for start in range(0, len(pairs), AT_ONCE):
            request = {"token": uuid.uuid4().hex, "records": pairs[start : start + AT_ONCE]}
            self._steps.run("pack", request)
        due = 0 if int(next_cursor) else int(self._steps.now()) + AGAIN
        with guarded():
            self._client.hset(keys.PACKING, mapping={"cursor": int(next_cursor), "next": due})
        return True

"""One installation is reloaded again and again while 200 deliveries come a second."""

import tempfile
from pathlib import Path

from tests.attack.judge import Outcome
from tests.support.real_processes import Instep, say
from tests.support.reload_rig import ITEMS, play
from tests.support.standin import StandIn


def reloaded(rounds):
    """Reload *rounds* times; returns the Outcome."""
    cms = StandIn(ITEMS, limit=100_000)
    with tempfile.TemporaryDirectory(prefix="instep-reload-") as folder:
        instep = Instep(Path(folder), cms, more="linger = 0.2")
        try:
            instep.up()
            found = play(instep, cms, rounds)
        finally:
            instep.close()
            cms.close()
    before, during = (1000 * each for each in found.p99)
    say(f"{found.deliveries} deliveries, p99 {before:.0f} ms, while reloaded {during:.0f} ms")
    outcome, erp = Outcome(), found.status["sources"]["erp"]
    outcome.lost += [f"{number} times {answer}" for answer, number in found.others.items()]
    outcome.stale += [f"{item}: {shown}" for item, shown in found.wrong.items()]
    if erp["deliveries"] != found.deliveries or erp["duplicates"]:
        outcome.twice.append(f"{erp} of {found.deliveries}")
    if found.status["fields"]["accepted"] != 2 * found.deliveries or not found.status["balanced"]:
        outcome.unbalanced.append(str(found.status["fields"]))
    return outcome

"""A pause for a refused token does not outlive a start with another one."""

from types import SimpleNamespace

from workers.runtime.renewed_tokens import EVERY, FOR, RenewedTokens


class Site:
    """A destination that a process with another token may pause."""

    def __init__(self):
        self.paused, self.woken, self.now, self.looked = True, [], 0.0, 0
        breaker = SimpleNamespace(resume_renewed=self._resume)
        wakes = SimpleNamespace(wake=self.woken.append)
        self.tokens = RenewedTokens(SimpleNamespace(breaker=breaker, wakes=wakes), lambda: self.now)

    def _resume(self):
        self.looked += 1
        found, self.paused = self.paused, False
        return ["site"] if found else []

    def look(self, after):
        self.now += after
        self.tokens.look()
        return self.paused


def test_a_pause_by_the_token_before_ends_at_the_start():
    site = Site()
    assert not site.look(0)
    assert site.woken == ["site"]


def test_so_does_one_by_a_worker_that_outlives_the_start():
    site = Site()
    site.look(0)
    site.paused = True
    assert site.look(EVERY / 2)
    assert not site.look(EVERY / 2)
    assert site.woken == ["site", "site"]


def test_processes_with_different_tokens_do_not_resume_for_ever():
    site = Site()
    while site.now <= FOR:
        site.look(EVERY)
    looked = site.looked
    site.paused = True
    assert site.look(FOR)
    assert site.looked == looked

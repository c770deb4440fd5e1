"""Which processes hang: counted in the supervisor's own time, and never of one that was starved."""

import os

import pytest

from workers.runtime import liveness
from workers.runtime.liveness import HangDetector, Pulse, SilenceLimits, is_starved

OTHER = 1


@pytest.fixture
def watch():
    return HangDetector(SilenceLimits(reported=2.0, hung=6.0, starved=30.0, stopped=5.0))


def silent(watch, seconds, pids=None):
    for _ in range(int(seconds * 10)):
        watch.pass_time(0.1, [os.getpid()] if pids is None else pids)


def test_one_that_beats_does_not_hang(watch):
    for _ in range(60):
        watch.record([os.getpid()])
        silent(watch, 1)
    assert not watch.hangs(os.getpid())
    assert not watch.is_dead(os.getpid())


def test_one_that_falls_silent_is_told_and_then_lost(watch):
    watch.record([os.getpid()])
    silent(watch, 1.5)
    assert (watch.hangs(os.getpid()), watch.is_dead(os.getpid())) == (False, False)
    silent(watch, 1)
    assert (watch.hangs(os.getpid()), watch.is_dead(os.getpid())) == (True, False)
    silent(watch, 4)
    assert (watch.hangs(os.getpid()), watch.is_dead(os.getpid())) == (True, True)


def test_one_that_beats_again_is_told_no_longer(watch):
    watch.record([os.getpid()])
    silent(watch, 4)
    watch.record([os.getpid()])
    assert not watch.hangs(os.getpid())


def test_one_that_never_beat_is_not_waited_for(watch):
    silent(watch, 60)
    assert not watch.is_dead(os.getpid())


def test_time_in_which_the_supervisor_did_not_run_is_no_silence(watch):
    watch.record([os.getpid()])
    for _ in range(4):
        watch.pass_time(3600.0, [os.getpid()])
    assert not watch.hangs(os.getpid())


def test_one_that_waited_for_a_processor_is_given_longer(watch, monkeypatch):
    waited = iter(range(1000))
    monkeypatch.setattr(liveness, "waited_of", lambda _: next(waited))
    watch.record([os.getpid()])
    silent(watch, 20)
    assert (watch.hangs(os.getpid()), watch.is_dead(os.getpid())) == (False, False)
    silent(watch, 11)
    assert watch.is_dead(os.getpid())


def test_one_that_waits_for_the_disk_is_given_longer(watch, monkeypatch):
    monkeypatch.setattr(liveness, "state_of", lambda _: "D")
    watch.record([os.getpid()])
    silent(watch, 20)
    assert not watch.is_dead(os.getpid())


def test_one_that_is_stopped_is_lost_though_it_never_beat(watch, monkeypatch):
    monkeypatch.setattr(liveness, "state_of", lambda pid: "T" if pid == OTHER else "S")
    silent(watch, 3, (os.getpid(), OTHER))
    assert (watch.hangs(OTHER), watch.is_dead(OTHER)) == (True, False)
    silent(watch, 3, (os.getpid(), OTHER))
    assert (watch.is_dead(OTHER), watch.is_dead(os.getpid())) == (True, False)


def test_one_that_ended_is_forgotten(watch):
    watch.record([os.getpid()])
    silent(watch, 10)
    silent(watch, 0.1, ())
    silent(watch, 0.1)
    assert not watch.hangs(os.getpid())


@pytest.mark.parametrize(("waited", "seconds", "starved"), [(3, 4, True), (1, 4, False)])
def test_half_of_the_time_on_the_queue_of_a_processor_is_starving(waited, seconds, starved):
    assert is_starved(waited, seconds) is starved


def test_a_pulse_stands_for_as_long_as_was_said():
    assert Pulse(60).is_alive()
    assert not Pulse(0).is_alive()
    pulse = Pulse(0)
    pulse.alive(60)
    assert pulse.is_alive()


def test_beats_are_heard_by_pid():
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    try:
        assert liveness.read_beats(reader) == set()
        os.write(writer, b"12\n12\n34\n")
        assert liveness.read_beats(reader) == {12, 34}
    finally:
        os.close(reader)
        os.close(writer)


def test_the_state_and_the_waiting_of_a_process_can_be_read():
    assert liveness.state_of(os.getpid()) in "RSD"
    assert liveness.waited_of(os.getpid()) >= 0.0
    assert liveness.state_of(2**22 + 1) == ""

"""What a supervisor does in threads: begun anew where it ended, failed, or is stuck."""

import threading

import pytest

from workers.runtime.background_tasks import Asked, BackgroundTask, BackgroundTasks


@pytest.fixture
def stuck():
    """A task that never looks whether it is to end, and how often it was begun."""
    release, begun = threading.Event(), []

    def run(_):
        begun.append(threading.current_thread())
        release.wait()

    yield BackgroundTask("sweep", run, quiet=1.0), begun
    release.set()


def poll(tasks, seconds):
    return [tasks.poll(0.25) for _ in range(int(seconds * 4))][-1]


def test_a_duty_that_is_stuck_is_begun_anew(stuck):
    task, begun = stuck
    tasks = BackgroundTasks([task])
    poll(tasks, 1)
    assert len(begun) == 1
    poll(tasks, 1)
    assert len(begun) == 2


def test_time_in_which_the_supervisor_did_not_run_is_no_silence(stuck):
    task, begun = stuck
    tasks = BackgroundTasks([task])
    for _ in range(3):
        tasks.poll(3600.0)
    assert len(begun) == 1


def test_where_thread_after_thread_is_stuck_the_supervisor_is_to_end(stuck):
    tasks = BackgroundTasks([stuck[0]])
    assert poll(tasks, 2)
    assert not poll(tasks, 4)


def test_a_duty_without_a_limit_need_not_look():
    release = threading.Event()
    tasks = BackgroundTasks([BackgroundTask("ready", lambda _: release.wait())])
    assert poll(tasks, 60)
    release.set()
    tasks.end()


def test_one_that_was_left_is_told_to_end():
    asked = Asked()
    asked.quiet = 9.0
    asked.set()
    assert asked.is_set()
    assert asked.quiet == 0.0


def test_a_duty_that_asks_is_left_alone():
    looked = threading.Event()

    def run(stop):
        while not stop.wait(0.001):
            looked.set()

    tasks = BackgroundTasks([BackgroundTask("asks", run, quiet=0.5)])
    tasks.poll(0.25)
    assert looked.wait(10)
    thread = next(t for t in threading.enumerate() if t.name == "asks")
    tasks.end()
    assert not thread.is_alive()


def test_tasks_of_the_same_name_are_replaced_and_the_others_go_on():
    begun, ended = [], []

    def task(name, word):
        def run(stop):
            begun.append(word)
            stop.wait()
            ended.append(word)

        return BackgroundTask(name, run)

    def until(look):
        ends = threading.Event()
        assert any(look() or ends.wait(0.02) for _ in range(500))

    tasks = BackgroundTasks([task("sweep", "old"), task("heartbeat", "beat")])
    tasks.poll(0.05)
    tasks.replace([task("sweep", "new"), task("more", "more")])
    tasks.poll(0.05)
    until(lambda: ended == ["old"] and set(begun) == {"old", "beat", "new", "more"})
    tasks.end()
    assert set(ended) == set(begun)


def test_the_last_task_is_asked_to_end_after_the_others():
    ended = []

    def task(name, **options):
        return BackgroundTask(name, lambda stop: stop.wait() and ended.append(name), **options)

    tasks = BackgroundTasks([task("heartbeat", last=True), task("sweep")])
    tasks.poll(0.05)
    tasks.ask()
    look = threading.Event()
    assert any(ended == ["sweep"] or look.wait(0.02) for _ in range(500))
    tasks.end()
    assert ended == ["sweep", "heartbeat"]

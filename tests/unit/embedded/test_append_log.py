"""Where an append-only file is whole, and whether anything whole follows the damage."""

import pytest

from workers.embedded.append_log import Scan, scan


def command(*words):
    texts = [word if isinstance(word, bytes) else word.encode() for word in words]
    parts = [b"*%d\r\n" % len(texts), *(b"$%d\r\n%s\r\n" % (len(t), t) for t in texts)]
    return b"".join(parts)


ONE = command("SELECT", "0")
TWO = command("SET", "key", "value")
STEP = command("MULTI") + command("HSET", "a", "b", "c") + TWO + command("EXEC")
GARBAGE = b"\x93\x00garbage\r\n*\r\n$x\r\n"


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(b"", id="empty"),
        pytest.param(ONE + TWO + STEP, id="commands"),
        pytest.param(ONE + b"#TS:1795899148\r\n" + TWO, id="with a note of the time"),
        pytest.param(command("SET", "k", b"\r\n*1\r\n$4\r\nEXEC\r\n"), id="a value like a command"),
        pytest.param(command("SET", "k", ""), id="an empty value"),
    ],
)
def test_a_whole_file_is_whole(log):
    assert scan(log) == Scan(len(log))


def test_a_command_that_is_cut_off_anywhere_goes_whole():
    before = ONE + STEP
    for cut in range(1, len(TWO)):
        found = scan(before + TWO[:cut])
        assert found == Scan(len(before), len(before), "cut"), cut


def test_a_step_that_is_cut_off_anywhere_goes_back_to_its_beginning():
    for cut in range(1, len(STEP)):
        found = scan(ONE + TWO + STEP[:cut])
        assert (found.whole, found.followed) == (len(ONE + TWO), False), cut


@pytest.mark.parametrize("tail", [bytes(4096), bytes(1), GARBAGE], ids=["zeros", "a zero", "junk"])
def test_what_is_no_command_at_the_end_goes_with_the_step_that_it_broke(tail):
    for cut in range(len(STEP)):
        found = scan(ONE + TWO + STEP[:cut] + tail)
        assert (found.whole, found.followed) == (len(ONE + TWO), False), cut


@pytest.mark.parametrize("damage", [bytes(512), GARBAGE, STEP[: len(STEP) // 2]])
@pytest.mark.parametrize("behind", [TWO, STEP, STEP * 40], ids=["a command", "a step", "many"])
def test_damage_with_whole_commands_behind_it_is_no_end(damage, behind):
    found = scan(ONE + STEP + damage + behind)
    assert found.followed
    assert found.whole == len(ONE + STEP)


def test_a_length_that_was_damaged_is_no_end():
    log = ONE + TWO.replace(b"$5", b"$9999999") + TWO * 3
    assert scan(log).followed


def test_a_length_that_was_damaged_is_no_end_though_the_last_command_is_cut_off_as_well():
    log = ONE + TWO.replace(b"$5", b"$9999999") + TWO * 30 + TWO[:-3]
    assert scan(log).followed


def test_a_value_that_is_cut_off_may_hold_what_looks_like_a_command():
    value = b"x" * 50 + TWO + b"y" * 50
    log = ONE + command("SET", "key", value)
    found = scan(log[:-20])
    assert (found.whole, found.kind, found.followed) == (len(ONE), "cut", False)

"""Promise: a real lab is made safe although the process that has it is dead, or does not answer.

Every owner is a process of its own, and is ended for real; the emulators in this one tell.
"""

import json
import os
import signal

import pytest
from watched_programs import NAMES, owner

from labloop.processes import process_start
from labloop.records import ActionState, WatchdogNote, watchdog_notes

posix = pytest.mark.skipif(os.name == "nt", reason="ends programs by POSIX signals")


def noted(folder):
    """Return the one note of a folder."""
    [note] = watchdog_notes(folder).values()
    return note


@posix
def test_a_killed_owner(tmp_path):
    """After kill -9 every device is made safe at once, in the lab's order, and it is told."""
    with owner(tmp_path) as program:
        program.process.kill()
        program.made_safe()
        assert program.order == ["c", "b", "a"]
        _, _, err = program.end()
    note = noted(tmp_path)
    assert f"!! {note.message}" in err
    assert f"process {program.process.pid}, in which anna had the lab, died" in note.message
    assert note.safe == ("c", "b", "a")
    assert note.failures == {}
    assert [(e.intent.name, e.intent.actor, e.state) for e in note.entries] == [
        ("safe_state", "watchdog", ActionState.DONE)
    ] * 3
    assert note.entries[0].outcome.sent == (b"SAFE\n",)
    assert WatchdogNote.from_json(note.to_json()) == note


@posix
@pytest.mark.parametrize(
    "body",
    [
        "os.kill(os.getpid(), signal.SIGSTOP)",
        "host.call(lambda lab: time.sleep(100))",
        "lock = threading.Lock(); lock.acquire(); host.call(lambda _: lock.acquire())",
    ],
    ids=["stopped", "blocked", "deadlocked"],
)
def test_an_owner_that_hangs(tmp_path, body):
    """It is ended after the time in the lab file, and not before; then all is made safe."""
    with owner(tmp_path, body) as program:
        assert 0.5 < program.made_safe() < 20
        code, _, err = program.end()
    assert code == -signal.SIGKILL
    assert "gave no sign of life for 1 s, and the watchdog ended it" in err
    assert noted(tmp_path).safe == ("c", "b", "a")


@posix
def test_an_owner_that_ends_in_order(tmp_path):
    """Nothing is written down, nothing said, and the watchdog process ends, too."""
    with owner(tmp_path, "pass") as program:
        code, out, err = program.end()
    assert (code, err) == (0, "")
    assert out == "left\n"
    assert program.order == ["c", "b", "a"]
    assert process_start(program.watchdog) is None
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_waiting_owner_is_left_alone(tmp_path):
    """A main thread that waits is no hang: the lab's loop beats on."""
    with owner(tmp_path, "time.sleep(3)") as program:
        assert program.end()[:2] == (0, "left\n")


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_all_leaves_the_watchdog(tmp_path, number):
    """What ends the owner in order does not end its watchdog before it."""
    with owner(tmp_path) as program:
        assert os.getsid(program.watchdog) != os.getsid(program.process.pid)
        os.kill(program.watchdog, number)
        program.process.kill()
        program.made_safe()
        program.end()


@posix
def test_a_device_that_does_not_answer_delays_no_other(tmp_path):
    """The others are safe at once, and it is tried again until it answers."""
    with owner(tmp_path) as program:
        program.world.emulators["b"].silent = True
        program.process.kill()
        while program.order != ["c", "a"]:
            pass
        program.world.emulators["b"].silent = False
        program.made_safe()
        program.end()
    assert noted(tmp_path).safe == ("c", "a", "b")


@posix
def test_another_instrument_is_not_touched(tmp_path):
    """Who answers with another serial number gets no byte but the question who it is."""
    with owner(tmp_path) as program:
        before = program.world.emulators["b"].count
        program.world.emulators["b"].serial_number = "T-other"
        program.process.kill()
        while len(program.order) < 2:
            pass
        heard = [
            f.data for f in program.world.truth.frames if f.device == "b" and f.direction == ">"
        ]
        assert set(heard[before:]) <= {b"ID\n"}
        program.world.emulators["b"].serial_number = "T-b"
        program.made_safe()
        program.end()


@posix
def test_what_was_done_is_told_at_the_next_start(tmp_path):
    """Without a database it stands beside the lab file, until a person has removed it."""
    with owner(tmp_path) as program:
        program.process.kill()
        program.end()
    [path] = watchdog_notes(tmp_path)
    with owner(tmp_path, "pass") as program:
        code, _, err = program.end()
    assert code == 0
    assert f"!! {noted(tmp_path).message} When you have looked, remove {path}" in err
    path.unlink()
    with owner(tmp_path, "pass") as program:
        assert program.end()[2] == ""


@posix
def test_a_watchdog_that_is_lost_is_replaced(tmp_path):
    """The owner notices, says so, and another one watches."""
    body = """
    os.kill(watchdog, signal.SIGKILL)
    while host.watchdog in {0, watchdog}:
        time.sleep(0.01)
    time.sleep(2)
    os.kill(os.getpid(), signal.SIGKILL)
    """.replace("\n    ", "\n    ")
    with owner(tmp_path, body.strip()) as program:
        program.made_safe()
        _, out, _ = program.end()
    assert f"watchdog process of the lab (process {program.watchdog}) has ended" in out
    assert noted(tmp_path).safe == ("c", "b", "a")


@posix
def test_a_lab_that_needs_none_says_why(tmp_path):
    """The reason is told at the start; a killed owner leaves what it left."""
    because = {"off_because": "there is nothing in it that can get hot"}
    with owner(tmp_path, watchdog=because) as program:
        assert program.watchdog == 0
        program.process.kill()
        program.end()
        assert program.order == []
    assert list(tmp_path.iterdir()) == []


def test_the_order_tells_the_whole_lab():
    """What is read is what was written, whatever the lab file has in it."""
    from watched_programs import tables

    from labloop.lab import lab_file_of
    from labloop.lab.host import WatchOrder

    lab_file = lab_file_of(
        tables({name: f"socket://127.0.0.1:{n}" for n, name in enumerate(NAMES, 1)})
    )
    order = WatchOrder.for_this_process(
        lab_file, campaign_id="c", user="anna", purpose="", handover=None
    )
    line = order.line()
    assert b"\n" not in line
    assert WatchOrder.from_line(line) == order
    assert order.lab_file == lab_file.model_copy(update={"folder": None})
    assert json.loads(line)["owner"] == os.getpid()

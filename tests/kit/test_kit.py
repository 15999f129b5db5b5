"""Promise: emulators frame, pace and fail as planned, and their log tells the truth."""

import socket
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop_simulators.kit import (
    Emulator,
    Fault,
    FaultPlan,
    Reply,
    TruthLog,
    _truth,
    serve_tcp,
)


class Echo(Emulator):
    """Answers each line with itself; ``slow`` after a second, ``mute`` never."""

    def split(self, buffer):
        end = buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame, now):
        if frame == b"mute\n":
            return None
        return Reply(frame, delay=1.0) if frame == b"slow\n" else frame


def echo(baud=None, *faults):
    made = Echo("e", TruthLog(), baud=baud)
    for fault in faults:
        made.faults.add(fault)
    return made


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=20), max_size=6), st.data())
def test_frames_are_found_however_the_bytes_come(parts, data):
    """Promise: the same frames, whether bytes come one by one or all at once."""
    stream = b"".join(part.replace(b"\n", b"") + b"\n" for part in parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    emulator = echo()
    answers = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        answers += [answer for _, answer in emulator.receive(stream[begin:end], 0.0)]
    assert b"".join(answers) == stream.replace(b"mute\n", b"")
    heard = [frame.data for frame in emulator.truth.frames if frame.direction == ">"]
    assert b"".join(heard) == stream


def test_answers_are_paced_one_after_the_other():
    """Promise: a line of 1000 baud carries a hundred bytes a second."""
    emulator = echo(1000)
    assert emulator.seconds_per_byte == pytest.approx(0.01)
    answers = emulator.receive(b"ab\ncde\n", 5.0)
    assert [(round(end, 6), data) for end, data in answers] == [(5.03, b"ab\n"), (5.07, b"cde\n")]
    assert emulator.receive(b"slow\n", 6.0)[0][0] == pytest.approx(7.05)


@pytest.mark.parametrize(
    ("fault", "answers"),
    [
        (Fault("drop", at=1), []),
        (Fault("garble", at=1), [(0.0, b"helmo\n")]),
        (Fault("half", at=1), [(0.0, b"hel")]),
        (Fault("delay", at=1, seconds=3.0), [(3.0, b"hello\n")]),
        (Fault("duplicate", at=1), [(0.0, b"hello\n"), (0.0, b"hello\n")]),
        (Fault("unsolicited", at=1, data=b"!"), [(0.0, b"!"), (0.0, b"hello\n")]),
        (Fault("unplug", at=1), []),
        (Fault("power_cycle", at=1), []),
    ],
)
def test_each_fault_strikes_once(fault, answers):
    """Promise: it spoils the planned frame and no other."""
    emulator = echo(None, fault)
    found = emulator.receive(b"hello\n", 0.0)
    assert found == answers
    if fault.kind == "unplug":
        assert not emulator.plugged
        assert emulator.receive(b"hello\n", 1.0) == []
        emulator.plug(2.0)
    assert [data for _, data in emulator.receive(b"hello\n", 5.0)] == [b"hello\n"]


def test_faults_by_time_and_by_count():
    """Promise: an int counts frames, a float is a lab second."""
    plan = FaultPlan()
    plan.add(Fault("drop", at=2))
    plan.add(Fault("half", at=10.0))
    assert bool(plan)
    assert plan.take(1, 0.0) == []
    assert [fault.kind for fault in plan.take(2, 0.0)] == ["drop"]
    assert [fault.kind for fault in plan.take(3, 10.5)] == ["half"]
    assert not plan


def test_a_wrong_serial_number_stays():
    """Promise: from that frame on another instrument answers."""
    emulator = echo(None, Fault("wrong_serial", at=2, data=b"4711"))
    emulator.serial_number = "1"
    emulator.receive(b"a\n", 0.0)
    assert emulator.serial_number == "1"
    emulator.receive(b"a\n", 0.0)
    assert emulator.serial_number == "4711"


def test_the_truth_is_deterministic_text():
    """Promise: fixed decimals, in order of happening, one line each."""
    truth = TruthLog()
    truth.record(1.23456789, "pump", "dispensed", volume=2 / 3, note="a\nb", on=True)
    truth.frame(2.0, "pump", ">", b"RUN\r")
    truth.record(3, "pump", "stopped")
    assert truth.lines() == [
        "1.234568 1 pump dispensed volume=0.666667 note=a b on=True",
        "2.000000 2 pump > 52554e0d",
        "3.000000 3 pump stopped",
    ]
    assert [event.event for event in truth.events] == ["dispensed", "stopped"]
    assert truth.frames[0].data == b"RUN\r"


def test_the_digest_covers_what_was_forgotten(monkeypatch):
    """Promise: long runs forget old frames, never their digest."""

    def run(first):
        truth = TruthLog()
        for number in range(25):
            truth.frame(float(number), "p", ">", first if number == 0 else b"x")
        return truth

    whole = run(b"a").digest()
    monkeypatch.setattr(_truth, "FRAMES_KEPT", 5)
    monkeypatch.setattr(_truth, "_AT_ONCE", 3)
    short = run(b"a")
    assert len(short.frames) < 10
    assert short.digest() == whole
    assert run(b"b").digest() != whole


def test_old_frames_are_forgotten_a_few_at_a_time(monkeypatch):
    """Promise: a long run never makes the lab's loop wait for a great deal of packing."""
    monkeypatch.setattr(_truth, "FRAMES_KEPT", 2000)
    truth, before = TruthLog(), 0
    for number in range(6000):
        truth.frame(float(number), "p", ">", b"x")
        if number > 2100 and number % 50 == 0:
            kept = [frame.sequence for frame in truth.frames]
            assert 2000 <= len(kept) < 2800
            assert kept == list(range(kept[0], number + 2))
            assert kept[0] - before <= 256 or not before
            before = kept[0]


def test_frames_take_little_memory():
    """Promise: a hundred thousand frames fit into five megabytes, and come back as they were."""
    truth = TruthLog()
    tracemalloc.start()
    for number in range(100_000):
        truth.frame(number / 7, "thermostat", ">", f"SET {number % 90}\r\n".encode())
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 5e6
    frame = truth.frames[30_000]
    assert (frame.sequence, frame.time, frame.data) == (30_001, 30_000 / 7, b"SET 30\r\n")


def test_an_emulator_on_tcp():
    """Promise: a plain socket hears it; a pulled cable closes the line."""
    emulator = echo()
    with serve_tcp(emulator) as url:
        host, port = url.removeprefix("socket://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(b"hel")
            line.sendall(b"lo\nyou\n")
            data = b""
            while len(data) < 10:
                data += line.recv(100)
            assert data == b"hello\nyou\n"
            began = time.monotonic()
            line.sendall(b"slow\n")
            assert line.recv(100) == b"slow\n"
            assert time.monotonic() - began >= 0.99
            emulator.unplug(0.0)
            assert line.recv(100) == b""
        with socket.create_connection((host, int(port)), timeout=5) as line:
            emulator.plug(1.0)
    with pytest.raises(OSError, match=r"refused|reset"):
        socket.create_connection((host, int(port)), timeout=1)

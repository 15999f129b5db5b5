"""Promise: any software can be tried against a shipped emulator, with the faults one names."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
import serial

from labloop.errors import DefinitionError
from labloop_simulators.instruments.ika import IkaEmulator
from labloop_simulators.instruments.new_era import NewEraEmulator
from labloop_simulators.kit import Fault, TruthLog, make_emulator, serve_pty, serve_tcp, shipped

LABLOOP = (sys.executable, "-m", "labloop", "emulate")
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo-terminals")


def ask(line, text, end=b"\n"):
    line.write(text)
    return line.read_until(end)


def ask_often(line, text):
    for _ in range(50):
        time.sleep(0.1)
        ask(line, text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop@3", Fault("drop", 3)),
        ("garble@2.5s", Fault("garble", 2.5)),
        ("delay@5:2.5", Fault("delay", 5, seconds=2.5)),
        ("unplug@30s:5", Fault("unplug", 30.0, back=5.0)),
        ("stall@1:0.5", Fault("stall", 1, seconds=0.5)),
        ("busy@7", Fault("busy", 7)),
        (r"unsolicited@4:late\r\x03", Fault("unsolicited", 4, data=b"late\r\x03")),
        ("wrong_serial@1:SN-7", Fault("wrong_serial", 1, data=b"SN-7")),
    ],
)
def test_every_fault_can_be_written_on_the_command_line(text, fault):
    assert Fault.parse(text) == fault


@pytest.mark.parametrize("text", ["drop", "hop@3", "drop@x", "drop@3:1", "delay@3:soon", "@3", ""])
def test_a_fault_that_cannot_be_read_is_told_with_what_can(text):
    with pytest.raises(DefinitionError, match="fault"):
        Fault.parse(text)


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_emulator_can_be_built_by_its_name(name):
    assert make_emulator(name, {}).count == 0


def test_an_option_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(DefinitionError, match="address"):
        make_emulator("new_era", {"adress": 3})


def test_the_verb_serves_on_a_port_prints_what_is_said_and_ends_with_a_signal():
    program = subprocess.Popen(
        [*LABLOOP, "ika", "--port", "0", "--fault", "drop@2"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        first = program.stdout.readline()
        port = int(re.search(r"socket://127.0.0.1:(\d+)", first)[1])
        with socket.create_connection(("127.0.0.1", port), 5.0) as line:
            line.sendall(b"IN_NAME \r\n")
            assert line.recv(100) == b"RCT digital \r\n"
            line.sendall(b"IN_PV_1 \r\n")
            line.settimeout(0.3)
            with pytest.raises(TimeoutError):
                line.recv(100)
        time.sleep(0.3)
    finally:
        program.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        said, _ = program.communicate(timeout=10)
    assert "ika > b'IN_PV_1 \\r\\n'" in said
    assert "ika heard 2 frames" in said


@posix
def test_two_pumps_with_addresses_share_one_pseudo_terminal():
    truth = TruthLog()
    pumps = [NewEraEmulator(f"p{a}", truth, address=a) for a in (0, 7)]
    with serve_pty(*pumps) as path, serial.Serial(path, 19200, timeout=2.0) as line:
        assert ask(line, b"0VER\r", b"\x03") == b"\x0200A?R\x03"
        assert ask(line, b"7VER\r", b"\x03") == b"\x0207A?R\x03"
        assert ask(line, b"7VER\r", b"\x03") == b"\x0207SNE1000V3.928\x03"


@posix
def test_a_cable_is_pulled_at_its_time_and_put_back_behind_the_same_link(tmp_path):
    plate = IkaEmulator("plate", TruthLog())
    plate.faults.add(Fault("unplug", 0.5, back=0.5))
    link = tmp_path / "plate"
    with serve_pty(plate, link=link) as path:
        with serial.Serial(path, 9600, timeout=0.5) as line:
            assert ask(line, b"IN_PV_1 \r\n") == b"22.0 1 \r\n"
            with pytest.raises((serial.SerialException, OSError)):
                ask_often(line, b"IN_PV_1 \r\n")
        for _ in range(50):
            if link.exists():
                break
            time.sleep(0.1)
        with serial.Serial(path, 9600, timeout=2.0) as line:
            assert ask(line, b"IN_PV_1 \r\n") == b"22.0 1 \r\n"
    assert not link.is_symlink()


def test_what_happens_by_itself_happens_without_a_question():
    pump = NewEraEmulator("pump", TruthLog())
    pump.receive(b"\r", 0.0)
    pump.receive(b"RUN\r", 0.5)
    pump.faults.add(Fault("stall", 1.0))
    pump.faults.add(Fault("unsolicited", 1.0, data=b"hello"))
    assert pump.by_itself(0.9) == []
    assert [data for _, data in pump.by_itself(1.1)] == [b"hello"]
    assert pump.alarm == "S"
    assert pump.flow() == 0.0


def test_a_stalled_instrument_that_moves_nothing_hears_nothing_for_its_time():
    plate = IkaEmulator("plate", TruthLog())
    plate.faults.add(Fault("stall", 1, seconds=2.0))
    assert plate.receive(b"IN_NAME \r\n", 1.0) == []
    assert plate.receive(b"IN_NAME \r\n", 2.9) == []
    assert len(plate.receive(b"IN_NAME \r\n", 3.1)) == 1


def test_a_port_that_is_taken_is_told():
    with (
        serve_tcp(IkaEmulator("one", TruthLog())) as url,
        pytest.raises(DefinitionError, match="cannot be used"),
        serve_tcp(IkaEmulator("two", TruthLog()), port=int(url.rpartition(":")[2])),
    ):
        pass

"""``labloop devices``: the first contact with an instrument, and every mistake in a sentence."""

import re
import signal
import socket
import sys

import pytest
from serial.tools.list_ports import comports
from serial.tools.list_ports_common import ListPortInfo

from labloop.cli.contact.scan import port_lines

PLATES = """
[lab]
name = "bench"
world = "reaction_robot"

[devices.hotplate_1]
driver = "ika"

[devices.hotplate_2]
driver = "ika"

[[interlocks]]
device = "hotplate_1"
action = "start_heating"
requires = "hotplate_2.stirring_speed >= 100 rpm"
because = "both stand on one bench"
"""


@pytest.fixture
def bench(shell):
    """Return a shell in the folder of a lab of two hotplates; one needs the other to stir."""
    shell.write("lab.toml", PLATES)
    return shell


@pytest.fixture
def served(tiny):
    """Return a shell where the box of the lab file answers on a port of the loopback."""
    from tiny_lab import BoxEmulator

    from labloop_simulators.kit import TruthLog, serve_tcp

    with serve_tcp(BoxEmulator("box", TruthLog())) as url:
        path = tiny.folder / "lab.toml"
        path.write_text(path.read_text().replace("serial://COM1", url))
        yield tiny


def test_a_scan_tells_the_ports_of_this_machine(shell):
    """Each port that the system lists is told by the url of a lab file."""
    said = shell.ok("devices", "scan")
    assert all(f"serial://{port.device}" in said for port in comports())
    assert comports() or "no serial ports" in said


def test_a_port_is_told_with_what_its_adapter_says():
    """Vendor and product in hex, serial number, description; what is unknown stays empty."""
    usb, plain = ListPortInfo("/dev/ttyUSB7"), ListPortInfo("/dev/ttyS7")
    usb.vid, usb.pid, usb.serial_number = 0x403, 0x6001, "A50285BI"
    usb.description = "USB-Serial"
    lines = list(port_lines([usb, plain]))
    assert lines[1].split() == ["serial:///dev/ttyUSB7", "0403:6001", "A50285BI", "USB-Serial"]
    assert lines[2] == "serial:///dev/ttyS7"
    assert "no serial ports" in next(iter(port_lines([])))


def test_every_device_is_asked_who_it_is(bench):
    """In simulation, unless --real is said; one by name alone."""
    said = bench.ok("devices", "identify", "lab.toml")
    assert "simulated: no byte goes to an instrument" in said
    assert re.search(r"^hotplate_1 +RCT digital", said, re.MULTILINE)
    assert re.search(r"^hotplate_2 +RCT digital", said, re.MULTILINE)
    assert "hotplate_2" not in bench.ok("devices", "identify", "lab.toml", "hotplate_1")


def test_a_device_that_does_not_answer_keeps_no_other_from_being_told(served, keyboard):
    """What came of each is told, and the verb ends with an error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    path = served.folder / "lab.toml"
    text = path.read_text()
    dead = text[text.index("[devices.box]") :].replace("devices.box", "devices.dead")
    dead = re.sub(r"url = .*", f'url = "socket://127.0.0.1:{port}"', dead)
    path.write_text(f"{text}\n{dead.replace('B-1', 'B-2')}")
    keyboard("tiny\n")
    code, said = served("devices", "identify", "lab.toml", "--real")
    assert code == 1
    assert re.search(r"^box +BOX 1 +B-1", said, re.MULTILINE)
    assert "labloop: dead: " in said


def test_values_are_read_with_their_units(bench):
    """All of a device, or the one that is named; the device is made safe afterwards."""
    said = bench.ok("devices", "read", "lab.toml", "hotplate_1")
    assert "read      hotplate_1.plate_temperature = 22 degC" in said
    assert "read      hotplate_1.stirring_speed = 0 rpm" in said
    assert said.splitlines()[-1] == "safe      hotplate_1"
    said = bench.ok("devices", "read", "lab.toml", "hotplate_1", "stirring_speed")
    assert "plate_temperature" not in said


def test_an_action_is_told_with_its_frames(bench):
    """What was sent and received, what is read afterwards, and that the device is safe."""
    said = bench.ok(
        "devices", "run", "lab.toml", "hotplate_1", "set_temperature", "temperature=50 degC"
    )
    assert "action    set_temperature: done" in said
    assert r"sent      b'OUT_SP_1 50.0 \r\n'" in said
    assert "read      hotplate_1.plate_temperature = 22 degC" in said
    assert said.splitlines()[-1] == "safe      hotplate_1"


def test_what_an_action_did_can_be_looked_at_later(bench):
    """--hold lets lab time pass before the values are read and the device is made safe."""
    words = ("devices", "run", "lab.toml", "hotplate_1", "start_stirring")
    assert "stirring_speed = 0 rpm" in bench.ok(*words)
    said = bench.ok(*words, "--hold", "1 min")
    assert "stirring_speed = " in said
    assert "--hold" in bench.refused(*words, "--hold", "long")
    assert "from 0 s" in bench.refused(*words, "--hold", "-1 s")


def test_an_interlock_holds_and_reads_the_other_device(bench):
    """The part of the lab that is opened has what its rules look at."""
    said = bench.refused("devices", "run", "lab.toml", "hotplate_1", "start_heating")
    assert "both stand on one bench; nothing was sent" in said
    bench.ok("devices", "run", "lab.toml", "hotplate_2", "start_heating")


def test_a_limit_of_the_lab_file_holds(tiny):
    """The box could do 10 mL; this lab says 8, and the level is not set."""
    words = ("devices", "run", "lab.toml", "box", "set_level")
    assert "action    set_level: done" in tiny.ok(*words, "level=8 mL")
    assert "8 mL; nothing was sent" in tiny.refused(*words, "level=9 mL")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("identify", "lab.toml", "lamp"), "has no device 'lamp'; it has: hotplate_1, hotplate_2"),
        (("identify", "no.toml"), "lab file no.toml cannot be read"),
        (("read", "lab.toml", "lamp"), "has no device 'lamp'"),
        (("read", "lab.toml", "hotplate_1", "colour"), "no read 'colour'; its reads are: external"),
        (("run", "lab.toml", "lamp", "on"), "has no device 'lamp'"),
        (("run", "lab.toml", "hotplate_1", "fly"), "no action 'fly'; it has: set_stirring_speed("),
        (("run", "lab.toml", "hotplate_1", "set_temperature"), "needs the argument 'temperature'"),
        (("run", "lab.toml", "hotplate_1", "set_temperature", "50"), "expected name=value"),
        (("run", "lab.toml", "hotplate_1", "set_temperature", "heat=5"), "takes the arguments"),
        (
            ("run", "lab.toml", "hotplate_1", "set_temperature", "temperature=50"),
            "set_temperature.temperature needs a quantity in 'degC'",
        ),
        (
            ("run", "lab.toml", "hotplate_1", "set_temperature", "temperature=hot"),
            "set_temperature.temperature: expected a number and a unit",
        ),
    ],
)
def test_each_mistake_is_a_sentence(bench, words, sentence):
    """It names what there is, before anything is opened."""
    said = bench.refused("devices", *words)
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_a_device_without_reads_names_its_actions(tiny):
    """What it has instead is told."""
    said = tiny.refused("devices", "read", "lab.toml", "box")
    assert "nothing that can be read" in said
    assert "its actions are: set_level, show" in said


def test_a_real_instrument_needs_the_labs_name_typed(served, keyboard):
    """Another word, or no terminal, sends nothing; the name opens the real line."""
    words = ("devices", "run", "lab.toml", "box", "show", "--real")
    assert "is no terminal" in served.refused(*words)
    keyboard("yes\n")
    assert "not confirmed; nothing was sent" in served.refused(*words)
    keyboard("tiny\n")
    said = served.ok(*words)
    assert "simulated" not in said
    assert "result    0.0" in said
    keyboard("tiny\n")
    assert re.search(
        r"^box +BOX 1 +B-1", served.ok("devices", "identify", "lab.toml", "--real"), re.MULTILINE
    )


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a process")
def test_watching_ends_with_ctrl_c_and_a_safe_device(bench):
    """Values come until a person ends it; then the device is made safe, and all is well."""
    words = ("devices", "watch", "lab.toml", "hotplate_1", "stirring_speed")
    process = bench.start(*words)
    lines = [process.stdout.readline() for _ in range(5)]
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert lines[2] == lines[4] == "read      hotplate_1.stirring_speed = 0 rpm\n"
    assert rest.splitlines()[-2:] == ["ended     by Ctrl-C", "safe      hotplate_1"]
    assert process.returncode == 0

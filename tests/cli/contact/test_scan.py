"""``labloop devices scan``: ports are listed, and asked only after a person's yes."""

import sys

import pytest
from serial.tools.list_ports_common import ListPortInfo

from labloop.lab import FirstContact
from labloop_devices.mettler import MettlerBalance
from labloop_simulators.instruments.mettler import MettlerEmulator
from labloop_simulators.kit import TruthLog, serve_pty

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def balance():
    """Return a balance on a pseudo-terminal: its path, and the log of the truth."""
    truth = TruthLog()
    with serve_pty(MettlerEmulator("balance", truth)) as path:
        yield path, truth


def heard(truth):
    """Return the frames that the balance heard."""
    return [frame.data for frame in truth.frames if frame.direction == ">"]


def test_a_port_that_nobody_knows_is_asked_only_after_a_yes(shell, keyboard, balance):
    """Without a terminal, or with another word, no byte leaves; a yes finds driver and url."""
    path, truth = balance
    words = ("devices", "scan", "--identify", "--port", f"serial://{path}?baud=9600")
    assert "only after a yes typed at a terminal" in shell.refused(*words)
    keyboard("no\n")
    assert "not asked; nothing was sent" in shell.ok(*words)
    assert heard(truth) == []
    keyboard("yes\n")
    said = shell.ok(*words)
    assert f'driver = "mettler", url = "serial://{path}?baud=9600"' in said
    assert "Mettler Toledo" in said
    assert truth.events == []


def test_a_port_whose_usb_chip_a_driver_names_is_asked_at_once(shell, monkeypatch, balance):
    """VID:PID tell the driver, so no other question is sent, and nobody is asked."""
    path, truth = balance
    port = ListPortInfo(path)
    port.vid, port.pid = 0x1234, 0xABCD
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [port])
    contact = FirstContact(settings=("baud=9600",), usb_ids=("1234:ABCD",))
    monkeypatch.setattr(MettlerBalance, "first_contact", contact)
    assert 'driver = "mettler"' in shell.ok("devices", "scan", "--identify")
    assert set(heard(truth)) == {b"I4\r\n", b"I2\r\n", b"I3\r\n"}


def test_a_port_that_cannot_be_opened_keeps_no_other_from_being_asked(shell, keyboard, balance):
    """What came of each is told."""
    path, _ = balance
    keyboard("yes\nyes\n")
    gone = ("--port", "/dev/labloop-no-such-port")
    said = shell.ok("devices", "scan", "--identify", *gone, "--port", f"serial://{path}?baud=9600")
    assert "serial:///dev/labloop-no-such-port" in said
    assert "check cable and power" in said
    assert 'driver = "mettler"' in said

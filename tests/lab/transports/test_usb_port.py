"""Promise: a port is found by what its USB chip says, and by nothing else."""

import pytest
from serial.tools.list_ports_common import ListPortInfo

from labloop.errors import LabFileError
from labloop.lab import lab_file_of
from labloop.lab.transports import line_key, line_keys
from labloop.lab.transports.port_url import parse_port
from labloop.lab.transports.usb_port import NoUsbPortError, usb_port


def port(name, vid=0x0403, pid=0x6001, number="A1"):
    """Return a port as pyserial lists it."""
    made = ListPortInfo(name)
    made.vid, made.pid, made.serial_number = vid, pid, number
    return made


PORTS = [port("/dev/a"), port("/dev/b", number="A2"), port("/dev/c", pid=0x6015, number=None)]
PLAIN = ListPortInfo("/dev/ttyS0")


@pytest.mark.parametrize(
    ("place", "name"),
    [("0403:6015", "/dev/c"), ("0403:6001/A2", "/dev/b"), ("A1", "/dev/a")],
)
def test_one_port_is_meant(place, name):
    """By VID:PID, by serial number, or by both; a port without a chip is never meant."""
    assert usb_port(place, [PLAIN, *PORTS]) == name


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("0403:6001", "2 USB ports are 0403:6001: /dev/a .*add the serial number"),
        ("1234:0001", "no USB port is 1234:0001; there is: /dev/a \\(usb://0403:6001/A1\\)"),
        ("A9", "no USB port is A9"),
    ],
)
def test_none_or_several_are_told(place, sentence):
    """What is there is named."""
    with pytest.raises(NoUsbPortError, match=sentence):
        usb_port(place, PORTS)


@pytest.mark.parametrize("url", ["usb://", "usb://0403:60", "usb://a/b/c", "usb://04G3:6001"])
def test_what_names_no_port_is_told(url):
    """When the lab file is read."""
    with pytest.raises(LabFileError):
        parse_port(url)


def test_the_settings_are_those_of_a_serial_line():
    """A baud rate and more stand behind the question mark."""
    target, settings = parse_port("usb://0403:6001?baud=19200&mode=7E1")
    assert target == "usb://0403:6001"
    assert (settings["baudrate"], settings["parity"]) == (19200, "E")


def test_its_line_has_the_key_of_the_port_that_it_is_now(monkeypatch):
    """So that nobody else has it by its name; while it is not there, it has its own alone."""
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: PORTS)
    assert line_keys("usb://A1") == ["usb A1", line_key("serial:///dev/a")]
    assert line_keys("usb://A9") == ["usb A9"]


def test_two_devices_on_one_usb_port_need_addresses():
    """As on any other line."""
    with pytest.raises(LabFileError, match="share the same url usb://A1"):
        lab_file_of(
            {
                "lab": {"name": "b"},
                "devices": {n: {"driver": "mettler", "url": "usb://A1"} for n in "ab"},
            }
        )

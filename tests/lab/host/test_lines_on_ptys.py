"""Promise: what goes wrong on a real tty is told with device and line, and never misread."""

import os
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from serial.tools.list_ports_common import ListPortInfo

from labloop.errors import (
    DeviceTimeoutError,
    LabloopError,
    NotConnectedError,
    NotSafeError,
    ProtocolError,
)
from labloop.lab import LabHost, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop_simulators.instruments.mettler import MettlerEmulator
from labloop_simulators.kit import Fault, TruthLog, serve_pty

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")


def balance(truth=None):
    """Return the emulator of a balance."""
    made = MettlerEmulator("balance", truth or TruthLog())
    made.serial_number = "B-1"
    return made


def host_at(url, on_alarm=None):
    """Return a real lab of one balance at ``url``."""
    limits = {"adjust.at_most": {"max": "60 s"}}
    tables = {"driver": "mettler", "url": url, "serial_number": "B-1", "limits": limits}
    return LabHost(
        lab_file_of({"lab": {"name": "b"}, "devices": {"balance": tables}}),
        mode=Mode.REAL,
        journal=MemoryJournal(),
        campaign_id="t",
        on_alarm=on_alarm,
    )


def weight(host):
    """Return what the balance shows."""
    return host.call(lambda lab: lab.balance.weight_now()).value


@contextmanager
def echoing():
    """Yield the path of a line that sends back what is sent."""
    import tty

    ours, theirs = os.openpty()
    tty.setraw(theirs)

    def echo():
        try:
            while data := os.read(ours, 4096):
                os.write(ours, data)
        except OSError:
            return

    thread = threading.Thread(target=echo, daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.close(theirs)
        thread.join(5.0)
        os.close(ours)


def test_an_echo_is_told_as_one():
    """Whoever answers with the question is no instrument: device, line and what to do."""
    with echoing() as path:
        url = f"serial://{path}?baud=9600"
        with pytest.raises(ProtocolError) as caught, host_at(url):
            pass
    told = str(caught.value)
    assert f"balance at {url}: the line sends back what is sent to it" in told
    assert "switch the echo off" in told


def test_a_stall_names_device_and_line_and_the_next_answer_is_right():
    """The answer that came too late is nobody's."""
    emulator = balance()
    with serve_pty(emulator) as path, host_at(f"serial://{path}?baud=9600") as host:
        right = weight(host)
        emulator.faults.add(Fault("delay", at=1, seconds=7.0))
        with pytest.raises(DeviceTimeoutError, match=f"balance at serial://{path}"):
            weight(host)
        assert weight(host) == pytest.approx(right)


def test_an_instrument_that_comes_back_under_another_name_is_found(monkeypatch):
    """By its USB chip: the line is lost, told, opened again and its instrument identified."""
    now = []

    def comports():
        made = ListPortInfo(now[-1])
        made.vid, made.pid, made.serial_number = 0x0403, 0x6001, "A1"
        return [made]

    monkeypatch.setattr("serial.tools.list_ports.comports", comports)
    emulator, alarms = balance(), []
    with serve_pty(emulator) as first:
        now.append(first)
        host = host_at("usb://0403:6001?baud=9600", alarms.append)
        host.__enter__()
        right = weight(host)
    now.append("/dev/labloop-no-such-port")
    with pytest.raises(NotConnectedError, match="balance: the line usb://0403:6001"):
        weight(host)
    with serve_pty(emulator) as second:
        now.append(second)
        end = time.monotonic() + 10.0
        while True:
            try:
                assert weight(host) == pytest.approx(right)
                break
            except NotConnectedError:
                assert time.monotonic() < end
                time.sleep(0.1)
        host.leave("the test ends")
    assert host.report.safe == ["balance"]
    assert [alarm.kind for alarm in alarms] == ["line-back"]


def test_a_pulled_adapter_is_never_silent_about_the_safe_state():
    """Device and line stand in the sentence, and that it is not known to be safe."""
    with serve_pty(balance()) as path:
        host = host_at(f"serial://{path}?baud=9600")
        host.__enter__()
    with pytest.raises(NotSafeError) as caught:
        host.__exit__(None, None, None)
    assert "balance is NOT known to be in its safe state" in str(caught.value)
    assert f"serial://{path}" in str(caught.value)


def test_a_port_that_is_open_is_nobody_elses():
    """The operating system refuses a second program, whatever it is."""
    import serial

    with serve_pty(balance()) as path:
        with host_at(f"serial://{path}?baud=9600"), pytest.raises((OSError, ValueError)):
            serial.Serial(path, exclusive=True)
        with serial.Serial(path, exclusive=True), pytest.raises(LabloopError, match="balance"):
            host_at(f"serial://{path}?baud=9600").__enter__()

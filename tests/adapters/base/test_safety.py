"""Promise: limits, interlocks and the watchdog process hold for devices of other libraries, too."""

import math
import os
import signal
import subprocess
import sys
import time

import pytest
from adapter_labs import host_of
from adapter_toys import SpectrometerLibrary
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import LabloopError
from labloop.records import Mode, watchdog_notes
from labloop.units import quantity

LAB = """
[lab]
name = "bench"
[devices.d]
driver = "adapter_toys:Table"
url = "library://F1"
serial_number = "F1"
[devices.d.limits]
"set_integration.integration" = { min = "20 ms", max = "5000 ms" }
[watchdog]
off_because = "it is opened for a moment by a test"
"""
INTERLOCK = """
[[interlocks]]
device = "d"
action = "set_integration"
requires = "d.counts >= 100"
because = "the lamp must be on"
max_age = "0 s"
"""
VALUES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-10.0, 10.0).map(lambda e: math.copysign(10.0**e, e)),
    st.integers(-(10**30), 10**30),
    st.sampled_from([True, None, "20", "20 ms", [20.0], {}]),
)
UNITS = st.sampled_from(["ms", "s", "us", "h", "V", "mL", "degC", "1"])


def asked(value, unit):
    """Return an argument as a person might give it, with or without a unit that fits."""
    try:
        return quantity(value, unit)
    except (LabloopError, TypeError, ValueError, OverflowError):
        return value


@pytest.fixture(autouse=True)
def fresh():
    """No library is left from another test."""
    SpectrometerLibrary.opened.clear()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(VALUES, UNITS), min_size=1, max_size=40))
def test_nothing_beyond_the_limits_reaches_a_library(commands):
    """NaN, infinities, other units, huge numbers, texts: the library hears only what may be."""
    SpectrometerLibrary.opened.clear()
    with host_of(LAB, Mode.REAL) as host:
        for value, unit in commands:
            try:
                host.call(lambda lab, v=value, u=unit: lab.d.set_integration(asked(v, u)))
            except LabloopError:
                continue
    [library] = SpectrometerLibrary.opened
    heard = [value for what, value, _ in library.calls if what == "integration"]
    assert all(20.0 <= value <= 5000.0 for value in heard)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(st.booleans(), st.floats(20.0, 5000.0)), min_size=1, max_size=40))
def test_no_command_reaches_a_library_against_an_interlock(commands):
    """Whatever is switched in between: each call came while its condition held."""
    SpectrometerLibrary.opened.clear()
    with host_of(LAB + INTERLOCK, Mode.REAL) as host:
        for command in commands:
            try:
                if isinstance(command, bool):
                    host.call(lambda lab, on=command: lab.d.set_lamp(on))
                else:
                    host.call(lambda lab, x=command: lab.d.set_integration(quantity(x, "ms")))
            except LabloopError:
                continue
    [library] = SpectrometerLibrary.opened
    lamp = False
    for what, value, _ in library.calls:
        if what == "lamp":
            lamp = bool(value)
        elif what == "integration":
            assert lamp


OVEN = '''
import os
from pathlib import Path

from labloop_adapters import BlockingDevice, Signal


class Oven:
    """A maker's library: the oven itself outlives the program, and so does what it was told."""

    def set_heater(self, on):
        with Path(__file__).with_name("oven.txt").open("a") as file:
            file.write(f"{os.getpid()} {'on' if on else 'off'}\\n")


class OvenDevice(BlockingDevice):
    model = "OVEN"
    signals = {"heater": Signal(set="set_heater", kind="flag")}
    safe = {"heater": False}

    def open(self):
        return Oven()
'''
OWNER = """
import os, signal, sys
from pathlib import Path
from labloop.lab import LabHost, MemoryJournal, load_lab_file
from labloop.records import Mode

lab_file = load_lab_file(Path(sys.argv[1]) / "lab.toml")
with LabHost(lab_file, mode=Mode.REAL, journal=MemoryJournal(), campaign_id="c") as host:
    host.call(lambda lab: lab.oven.set_heater(True))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="ends a program by a POSIX signal")
def test_a_library_is_called_by_the_watchdog_process(tmp_path):
    """The owner is killed: its library is opened anew, and the oven is switched off."""
    (tmp_path / "oven.py").write_text(OVEN, encoding="utf-8")
    (tmp_path / "lab.toml").write_text(
        '[lab]\nname = "oven"\n[devices.oven]\ndriver = "oven:OvenDevice"\n'
        'url = "library://1"\nserial_number = "1"\n',
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-c", OWNER, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    told = [line.split() for line in (tmp_path / "oven.txt").read_text().splitlines()]
    until = time.monotonic() + 30
    while len(told) < 2 and time.monotonic() < until:
        told = [line.split() for line in (tmp_path / "oven.txt").read_text().splitlines()]
        time.sleep(0.02)
    assert [what for _, what in told] == ["on", "off"]
    assert len({pid for pid, _ in told}) == 2
    while not watchdog_notes(tmp_path) and time.monotonic() < until:
        time.sleep(0.02)
    [note] = watchdog_notes(tmp_path).values()
    assert note.safe == ("oven",)

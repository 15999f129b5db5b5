"""Promise: ``labloop test driver`` says of each check how it ended, and what none reached."""

import os
import re
import threading

import pytest

from labloop_simulators.kit import make_emulator, serve_tcp

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo-terminals")
BROKEN = """
from labloop_devices.scpi import ScpiSource
from labloop.lab import read

class Broken(ScpiSource):
    @read
    async def voltage(self):
        '''The voltage, in another unit than it is.'''
        return self.reading(await self._number("MEAS:VOLT?"), "mV", "voltage")
"""
CASE = """
from dataclasses import replace
from labloop_simulators.cases import SCPI

CASE = replace(SCPI[0], driver="broken:Broken")
"""


@pytest.fixture(autouse=True)
def in_a_folder(shell, monkeypatch):
    """A driver beside the current folder is found."""
    monkeypatch.syspath_prepend(str(shell.folder))
    monkeypatch.chdir(shell.folder)


def test_each_check_is_told_by_name(shell):
    """Promise: pass with the promise, what was left out with the reason, and a sum."""
    said = shell.ok("test", "driver", "scpi")
    assert "scpi against its emulator, in simulated time" in said
    assert re.search(r"^pass +survives_noise +Random bytes for answers", said, re.MULTILINE)
    assert re.search(r"^left out +refuses_damaged_answers .*say checksum=", said, re.MULTILINE)
    assert "19 passed, 0 failed, 1 left out" in said
    assert re.search(r"not reached: _driver\.py:\d+: raise LabFileError\(", said)
    assert "NOT SAFE" not in said


def test_a_driver_beside_the_folder_that_breaks_its_promise(shell):
    """Promise: exit code 1, the check that failed, and what was due."""
    shell.write("broken.py", BROKEN)
    shell.write("broken_case.py", CASE)
    code, said = shell(
        "test", "driver", "broken:Broken", "--case", "broken_case:CASE", "--no-lines"
    )
    assert code == 1
    assert re.search(r"^FAIL +understands_the_manual .*12\.5 volt was due", said, re.MULTILINE)
    assert "broken:Broken does not keep the contract of a driver" in said
    assert "not reached" not in said


def test_what_answers_has_to_be_named(shell):
    """Promise: one sentence says what to write."""
    shell.write("broken.py", BROKEN)
    said = shell.refused("test", "driver", "broken:Broken")
    assert "nothing answers for the driver 'broken:Broken': name a world" in said
    assert "is not installed" in shell.refused("test", "driver", "scpy")


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("scpi",), "asks the instrument for its serial number"),
        (("broken:Broken", "--serial-number", "1", "--actions"), "declare a DriverCase"),
        (("scpi", "--serial-number", "1"), "this is no terminal"),
    ],
)
def test_a_line_is_not_opened_without_what_it_needs(shell, words, match):
    """Promise: serial number, a harmless action, and a person's yes, before any byte."""
    shell.write("broken.py", BROKEN)
    said = shell.refused("test", "driver", *words, "--url", "socket://127.0.0.1:1")
    assert match in said


@posix
@pytest.mark.parametrize("actions", [(), ("--actions",)])
def test_somebodys_simulator_is_asked_at_its_url(shell, actions):
    """Promise: it is read; only with --actions, and always after a typed yes, it is told."""
    emulator = make_emulator("scpi", {})
    with serve_tcp(emulator) as url:
        master, slave = os.openpty()
        process = shell.start(
            *("test", "driver", "scpi", "--url", url, "--serial-number", emulator.serial_number),
            *("--no-lines", *actions),
            terminal=slave,
        )
        os.close(slave)
        said = bytearray()
        reader = threading.Thread(target=_read, args=(master, said))
        reader.start()
        os.write(master, b"scpi\n")
        code = process.wait(timeout=60)
        reader.join(timeout=10)
        os.close(master)
    text = said.decode(errors="replace")
    assert code == 0, text
    assert "Type the driver's name to go on" in text
    told = [frame.data for frame in emulator.truth.frames if frame.direction == ">"]
    assert (b"VOLT 5\n" in told) is bool(actions)
    assert ("is_safe_twice" in text) is bool(actions)
    assert f"{8 if actions else 4} passed, 0 failed" in text


def _read(handle, into):
    """Keep what a process writes to its terminal until it has gone."""
    while True:
        try:
            data = os.read(handle, 4096)
        except OSError:
            return
        if not data:
            return
        into += data

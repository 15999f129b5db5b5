"""Promise: the plate stays on while the lab lives, and switches itself off when it does not."""

import subprocess
import sys
import time
from itertools import pairwise

from labloop.lab import LabHost, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity
from labloop_simulators.instruments.ika import IkaEmulator
from labloop_simulators.kit import TruthLog, serve_tcp

WATCHDOG = 60.0
ASK_SPEED = b"IN_PV_4 \r\n"
PROGRAM = """
import sys
from labloop.lab import LabHost, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity

plate = {"driver": "ika", "url": sys.argv[1], "serial_number": "seen"}
plate["options"] = {"watchdog": "60 s"}
plate["limits"] = {"set_temperature.temperature": {"max": "120 degC"}}
# The plate has to help itself: no process watches over this lab.
alone = {"off_because": "the watchdog of the plate is what is tested"}
lab_file = lab_file_of({"lab": {"name": "one"}, "devices": {"plate": plate}, "watchdog": alone})

async def hot(lab):
    await lab.plate.set_temperature(quantity(105, "degC"))
    await lab.plate.set_stirring_speed(quantity(600, "rpm"))
    await lab.plate.start_stirring()
    await lab.plate.start_heating()
    await lab.wait(quantity(1, "h"))

with LabHost(lab_file, mode=Mode.REAL, journal=MemoryJournal(), campaign_id="c") as host:
    host.call(hot)
"""


class OnePlate:
    """A world of one plate."""

    def __init__(self):
        self.truth = TruthLog()
        self.plate = IkaEmulator("plate", self.truth)
        self.emulators = {"plate": self.plate}


def fed(truth):
    """Return the lab seconds at which the watchdog was fed."""
    return [f.time for f in truth.frames if f.direction == ">" and f.data.startswith(b"OUT_WD1")]


def test_through_a_long_wait_the_plate_stays_on():
    """Two hours without a word in the recipe: heater and stirrer are on at their end."""
    world = OnePlate()
    table = {"driver": "ika", "options": {"watchdog": f"{WATCHDOG:g} s"}}
    lab_file = lab_file_of({"lab": {"name": "one"}, "devices": {"plate": table}})

    async def hot(lab):
        await lab.plate.set_temperature(quantity(105, "degC"))
        await lab.plate.start_heating()
        await lab.wait(quantity(2, "h"))
        return (await lab.plate.plate_temperature()).value

    host = LabHost(
        lab_file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    )
    with host:
        celsius = host.call(hot)
        assert world.plate.plate.heating
    assert celsius > 104.0
    assert not world.plate.plate.tripped
    assert max(after - before for before, after in pairwise(fed(world.truth))) < WATCHDOG / 2


def test_a_process_that_was_killed_feeds_nothing_and_the_plate_switches_itself_off():
    """After kill -9 in the middle of a wait, a watchdog later, heater and stirrer are off."""
    world = OnePlate()
    plate = world.plate.plate
    with serve_tcp(world.plate) as url:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, url])
        until = time.monotonic() + 60
        while not plate.heating and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        process.kill()
        process.wait(10)
    assert plate.heating
    last = max(fed(world.truth))
    world.plate.receive(ASK_SPEED, last + WATCHDOG - 1.0)
    assert plate.heating
    assert plate.stirring
    world.plate.receive(ASK_SPEED, last + WATCHDOG + 0.1)
    assert plate.tripped
    assert not plate.heating
    assert not plate.stirring

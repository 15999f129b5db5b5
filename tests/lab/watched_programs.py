"""Programs of their own that have a real lab of toys, whose emulators live in this process."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from lab_toys import ToyWorld

from labloop_simulators.kit import serve_world

NAMES = ("a", "b", "c")
PROGRAM = """
import json, os, signal, sys, threading, time
sys.path.insert(0, {here!r})
os.chdir(sys.argv[1])
from labloop.lab import LabHost, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity

def said(what):
    os.write(1, (what + "\\n").encode())

alarms = []
def heard(alarm):
    alarms.append(alarm)
    said("alarm " + alarm.message)

lab_file = lab_file_of(json.loads(sys.argv[2]))
host = LabHost(
    lab_file, mode=Mode.REAL, journal=MemoryJournal(), campaign_id="c", actor="anna",
    on_alarm=heard,
)

async def switch_on(lab):
    for name in lab_file.devices:
        await getattr(lab, name).set_value(quantity(3, "mL/min"))

with host:
    host.call(switch_on)
    watchdog = host.watchdog
    said(f"on {{watchdog}}")
    {body}
said("left")
"""


def tables(urls, **more):
    """Return the tables of a real lab of toys at these urls."""
    limits = {"set_value.rate": {"min": "0 mL/min", "max": "50 mL/min"}}
    devices = {
        name: {"driver": "lab_toys:Toy", "url": url, "serial_number": f"T-{name}", "limits": limits}
        for name, url in urls.items()
    }
    return {
        "lab": {"name": "toys", "safe_order": ["c", "b", "a"]},
        "devices": devices,
        "watchdog": {"after": "1 s"},
        **more,
    }


class Owner:
    """A program that has a lab: every toy is on when it is returned."""

    def __init__(self, world, folder, text, body):
        self.world = world
        self.folder = folder
        program = PROGRAM.format(here=str(Path(__file__).parent), body=body)
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(folder), json.dumps(text)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        while line and not line.startswith("on "):
            line = self.process.stdout.readline()
        self.watchdog = int(line.split()[1]) if line else 0
        """The id of its watchdog process."""

    def made_safe(self, seconds=30.0):
        """Wait until every toy is safe; return after how many seconds."""
        began = time.monotonic()
        while not all(toy.safe for toy in self.world.emulators.values()):
            assert time.monotonic() - began < seconds, self.order
            time.sleep(0.01)
        return time.monotonic() - began

    @property
    def order(self):
        """The toys in the order in which they were made safe."""
        return [e.device for e in self.world.truth.events if e.event == "safe"]

    def end(self):
        """Return (exit code, standard output, standard error) when all has ended."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@contextmanager
def owner(folder, body="time.sleep(100)", **more):
    """Let a program of its own have a lab, and do what ``body`` says with every toy on."""
    world = ToyWorld(*NAMES, baud=None)
    with serve_world(world.emulators) as urls:
        program = Owner(world, folder, tables(urls, **more), body)
        try:
            yield program
        finally:
            program.process.kill()
            program.process.wait(10)
            for stream in (program.process.stdout, program.process.stderr):
                stream.close()

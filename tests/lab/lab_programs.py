"""Programs of their own that use a lab of toys by hand, to be ended in one way or another."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, signal, sys, time
sys.path.insert(0, {here!r})
from lab_toys import ToyWorld, toy_host
from labloop.units import quantity

def note(event):
    print(event.device, event.event, flush=True)

world = ToyWorld("a", "b")
def see():
    for event in world.truth.events:
        os.write(1, f"{{event.device}} {{event.event}}\\n".encode())
import atexit
host = toy_host("a", "b", world=world, speed="real")
atexit.register(see)
{body}
"""


def ended(body, number=None):
    """Return (exit code, what was said, events) of a program that uses a lab by hand."""
    here = str(Path(__file__).parent)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(here=here, body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if number is not None:
        assert process.stdout.readline() == "open\n"
        process.send_signal(number)
    out, said = process.communicate(timeout=60)
    return process.returncode, said, out.splitlines()


ON = 'host.call(lambda lab: lab.a.set_value(quantity(1, "mL/min")))\n'

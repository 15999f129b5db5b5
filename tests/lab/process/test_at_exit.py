"""Promise: a lab that is still open when its program ends is made safe first."""

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
    here = str(Path(__file__).parents[1])
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


def test_a_lab_that_is_still_open_when_the_program_ends_is_made_safe():
    """Promise: without `with`, as in a notebook, the end of the interpreter is an end."""
    code, said, events = ended(f"host.__enter__()\n{ON}")
    assert (code, events[-2:]) == (0, ["a safe", "b safe"]), said


def test_what_is_not_safe_when_the_program_ends_gives_its_exit_code():
    """Promise: also where nobody is left to raise to."""
    body = f"host.__enter__()\n{ON}world.emulators['a'].plugged = False\n"
    code, said, _ = ended(body)
    assert code == 4
    assert "!! NOT SAFE: a is NOT known to be in its safe state" in said

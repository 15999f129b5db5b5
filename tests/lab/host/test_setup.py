"""Promise: a lab runs at the speed that was asked for, and a speed without meaning is refused."""

import time

import pytest
from lab_toys import toy_host

from labloop.errors import DefinitionError
from labloop.lab import LabJob
from labloop.records import Mode
from labloop.units import quantity


@pytest.mark.parametrize(("speed", "least", "most"), [("real", 0.25, 3.0), (10.0, 0.02, 1.5)])
def test_other_speeds(speed, least, most):
    """Promise: real time is real, and a factor is that much faster."""

    async def wait(lab):
        await lab.wait(quantity(0.3, "s"))
        return lab.now().magnitude

    with toy_host("a", speed=speed) as host:
        began = time.monotonic()
        [end] = host.run([LabJob("e1", wait)])
        wall = time.monotonic() - began
    assert 0.3 <= end < 3.5
    assert least <= wall < most


def test_a_speed_that_makes_no_sense_is_refused():
    """Promise: one sentence."""
    for speed in (0, -1, "fast", True):
        with pytest.raises(DefinitionError, match="speed must be 'max', 'real' or"):
            toy_host("a", speed=speed)


def test_a_real_lab_has_no_factor():
    """Promise: real instruments run in real time."""
    table = {"a": {"driver": "lab_toys:Toy", "url": "socket://127.0.0.1:1", "serial_number": "1"}}
    table["a"]["limits"] = {"set_value.rate": {"max": "10 mL/min"}}
    with pytest.raises(DefinitionError, match=r"real time, so it cannot have speed=10\.0"):
        toy_host("a", mode=Mode.REAL, speed=10.0, tables={"devices": table})

"""Promise: the URL alone decides what carries the bytes."""

import pytest

from labloop.errors import (
    LabFileError,
)
from labloop.lab import Clock, open_transport
from labloop.lab.time.simulated import SimulatedLoop


def test_real_lines_are_refused_in_simulated_time():
    """Promise: nobody waits in wall time for a line while lab time jumps."""
    loop = SimulatedLoop()
    clock = Clock(loop)
    for url in ("serial://COM3", "socket://127.0.0.1:1", "rfc2217://127.0.0.1:1"):
        with pytest.raises(LabFileError, match="simulated time cannot do"):
            open_transport(url, clock)
    loop.close()

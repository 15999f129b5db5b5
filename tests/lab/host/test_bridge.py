"""Promise: the event loop is entered from other threads only, and not after the end."""

import pytest
from lab_toys import toy_host

from labloop.errors import LabloopError


def test_the_bridge_refuses_the_loops_own_thread_and_a_closed_lab():
    """Promise: no call waits for itself forever."""
    with toy_host("a") as host:

        async def inside(lab):
            host.call(lambda lab: lab.a.value())

        with pytest.raises(LabloopError, match="called from inside its own loop"):
            host.call(inside)
    with pytest.raises(LabloopError, match="the lab is closed"):
        host.call(lambda lab: lab.a.value())
    with pytest.raises(LabloopError, match="the lab is closed"):
        host.start([])

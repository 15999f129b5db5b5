"""Promise: a value has arrived when it stays at its target; passing through is not enough."""

import pytest

from labloop.errors import DeviceFaultError
from labloop.lab import Clock, until_stable
from labloop.lab.time.simulated import SimulatedLoop


def waited(values, **options):
    """Wait on values, one a look (the last one stays); return (result, lab second)."""
    loop = SimulatedLoop()
    clock = Clock(loop)
    asked = iter(values)
    latest = [0.0]

    async def ask():
        latest[0] = next(asked, latest[0])
        return latest[0]

    async def work():
        settings = {"tolerance": 1.0, "hold": 20.0, "at_most": 100.0, "every": 10.0} | options
        late = "should be 50, is {:g}; is it on?".format
        return await until_stable(clock, ask, 50.0, late=late, **settings), clock.now()

    try:
        return loop.run_until_complete(work())
    finally:
        loop.close()


def test_passing_through_is_not_enough():
    """Promise: held from the second arrival on, not from the first."""
    assert waited([20.0, 50.0, 55.0, 49.5, 50.5, 50.0]) == (50.0, 50.0)


def test_no_hold_is_one_look():
    """Promise: a value that is there is taken at once."""
    assert waited([50.9], hold=0.0) == (50.9, 0.0)


def test_too_late_is_the_drivers_own_sentence():
    """Promise: the last value is in it; it is no time-out, which would be tried again."""
    with pytest.raises(DeviceFaultError, match=r"^should be 50, is 20; is it on\?$"):
        waited([20.0])
    with pytest.raises(DeviceFaultError, match="is 50"):
        waited([50.0, 20.0] * 50)


def test_a_hold_that_ends_with_the_patience_counts():
    """Promise: what has just been long enough is not refused for being late."""
    assert waited([20.0] * 8 + [50.0] * 3) == (50.0, 100.0)

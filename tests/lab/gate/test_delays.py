"""Promise: a simulated lab can be as slow as a real one, action by action, always the same."""

from statistics import fmean

import pytest
from lab_toys import toy_host

from labloop.errors import LabFileError
from labloop.lab import LabJob
from labloop.lab.gate import Delays
from labloop.units import quantity


def test_delays_are_log_normal_with_the_mean_that_was_asked_for():
    """A share of what an action takes, never negative, by seed and action."""
    delays = Delays(0.2, seed=1)
    drawn = [delays.seconds(f"c-0001-a{n:03d}", 10.0) for n in range(4000)]
    assert fmean(drawn) == pytest.approx(2.0, rel=0.1)
    assert min(drawn) > 0
    assert drawn[7] == Delays(0.2, seed=1).seconds("c-0001-a007", 10.0)
    assert drawn[7] != Delays(0.2, seed=2).seconds("c-0001-a007", 10.0)
    assert Delays(0.0, seed=1).seconds("c-0001-a007", 10.0) == 0.0


def test_an_action_takes_longer_in_a_simulated_lab_that_says_so():
    """The lab file says by how much on average; nothing else changes."""

    async def move(lab):
        await lab.a.run(quantity(3, "s"))
        return lab.now().to("s").magnitude

    took = []
    for delays in (0.0, 0.5):
        with toy_host("a", tables={"lab": {"name": "toys", "simulated_delays": delays}}) as host:
            took += host.run([LabJob("c-0001", move)])
    assert took[1] > took[0] > 0


def test_a_share_below_zero_gets_a_sentence():
    """Before anything is opened."""
    with pytest.raises(LabFileError, match=r"simulated_delays.*greater than or equal to 0"):
        toy_host("a", tables={"lab": {"name": "toys", "simulated_delays": -0.1}})

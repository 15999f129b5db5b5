"""The contract of a driver, to be run against any driver and its emulator.

In a driver's own test::

    CASE = DriverCase("new_era", FlowReactor, "pump_a", lambda pump: pump.set_rate(FLOW))

    @pytest.mark.parametrize("check", driver_checks(), ids=lambda check: check.name)
    def test_contract(check):
        check(CASE)

A driver that speaks through a library has no wire to be spoilt: ``driver_checks(wire=False)``.
"""

from labloop.testing.drivers._case import Bench, DriverCase
from labloop.testing.drivers._checks import DriverCheck, driver_checks

__all__ = ["Bench", "DriverCase", "DriverCheck", "driver_checks"]

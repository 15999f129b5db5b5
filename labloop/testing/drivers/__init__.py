"""The contract of a driver, to be run against any driver and its emulator.

In a driver's own tests, with ``pytest_plugins = ["labloop.testing.drivers.plugin"]`` in
``conftest.py``::

    CASE = DriverCase("new_era", FlowReactor, "pump_a", lambda pump: pump.set_rate(FLOW))

    @pytest.mark.driver(CASE)
    def test_contract(driver_check):
        driver_check()

At the terminal: ``labloop test driver NAME``. A driver that speaks through a library has no wire
to be spoilt: its world has no emulators, and the checks that need one are left out.

Read ``_case.py`` first, then ``_checks.py``: what a check may do, and where.
"""

from labloop.testing.drivers._case import Act, Bench, DriverCase, ManualAnswer
from labloop.testing.drivers._checks import DriverCheck, driver_checks
from labloop.testing.drivers._found_case import cases_of
from labloop.testing.drivers._reached import Unreached, lines_reached
from labloop.testing.drivers._run import Verdict, run_checks

__all__ = [
    "Act",
    "Bench",
    "DriverCase",
    "DriverCheck",
    "ManualAnswer",
    "Unreached",
    "Verdict",
    "cases_of",
    "driver_checks",
    "lines_reached",
    "run_checks",
]

"""Promise: the driver's own lines that no check reached are told, and no others."""

import kit_toys

from labloop.testing.drivers import DriverCase, lines_reached, run_checks
from labloop.units import quantity

CASE = DriverCase(
    "kit_toys:Heater",
    kit_toys.World,
    "heater",
    lambda heater: heater.set_temperature(quantity(40, "degC")),
)


def test_lines_without_a_check_are_listed():
    """Promise: of the toy, the fault that its emulator never has, and what nobody calls."""
    with lines_reached(kit_toys.Heater) as reached:
        verdicts = list(run_checks([CASE]))
    assert {each.state for each in verdicts} == {"pass", "left out"}
    told = [each.text for each in reached.unreached() if "Emulator" not in each.text]
    assert 'raise DeviceFaultError("the heater reports a fault")' in told
    assert "await self.transport.drain()" in told
    assert "reply = await self.transport.exchange(frame, complete=LINE)" not in told
    assert all(each.file.name == "kit_toys.py" for each in reached.unreached())
    assert 0 < len(reached.unreached()) < reached.count


def test_a_package_is_followed_by_its_imports():
    """Promise: protocol and driver count; the emulator beside them does not."""
    from labloop.testing.drivers._reached import own_files
    from labloop_devices.vici import ViciValve

    assert {path.name for path in own_files(ViciValve)} == {"_driver.py", "_protocol.py"}

"""What a lab asks of the calibrations of its devices: ``[devices.<name>.calibrated]``."""

from collections.abc import Mapping

from labloop.errors import UnitError
from labloop.lab.devices import Device
from labloop.records import calibration_age


def wrong_calibrations(
    device: str, calibrated: Mapping[str, str], driver: type[Device]
) -> list[str]:
    """Return what is wrong with the calibrations that a lab file asks of a device."""
    found: list[str] = []
    for quantity, age in calibrated.items():
        where = f"[devices.{device}.calibrated] {quantity}"
        known = (*driver.reads, *driver.actions)
        if quantity not in known:
            found.append(f"{where} is no read and no action of it; it has: {', '.join(known)}")
        try:
            calibration_age(age)
        except UnitError as error:
            found.append(f"{where}: {error}")
    return found

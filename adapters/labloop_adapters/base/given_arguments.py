"""What a library's object is built with: values, and the objects of other devices of the lab."""

from collections.abc import Mapping
from typing import Any

from labloop.errors import LabFileError
from labloop.lab import device_named
from labloop_adapters.base.blocking import BlockingDevice


def given_arguments(device: BlockingDevice, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the driver and of the lab file, which come last.

    Args:
        device: is built with them.
        declared: those of the driver.

    Raises:
        LabFileError: one sentence for what cannot be used.
    """
    where = f"[devices.{device.name}.options] arguments"
    said = device.options.get("arguments", {})
    if not isinstance(said, Mapping):
        raise LabFileError(f"{where} must be a table, as {{ NAME = value }}; got {said!r}")
    found = {**declared, **said}
    return {
        name: _library_of(device, device_named(value), f"{where}.{name}")
        if device_named(value)
        else value
        for name, value in found.items()
    }


def _library_of(device: BlockingDevice, name: str, where: str) -> Any:
    other = device.context.built_with.get(name)
    if other is None:
        raise LabFileError(f"{where} names the device {name!r}: open the whole lab, not one device")
    if not isinstance(other, BlockingDevice) or other.is_modelled or other.library is None:
        raise LabFileError(
            f"{where} names the device {name!r}, which has no library's object here; let the "
            "libraries of both run, or those of neither (pyvisa_sim in both, or in none)"
        )
    return other.library

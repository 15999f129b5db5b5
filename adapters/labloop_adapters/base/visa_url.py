"""``visa://``: which resource, through which backend of PyVISA."""

import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

from labloop.errors import LabFileError
from labloop_adapters.base.blocking import BlockingDevice
from labloop_adapters.base.importing import library

EXTRA = "visa"


@dataclass(frozen=True, slots=True)
class VisaAddress:
    """A resource and the backend that opens it."""

    resource: str
    backend: str
    """As PyVISA calls it: empty for an installed VISA, ``@py``, or ``file.yaml@sim``."""


class VisaDevice(BlockingDevice):
    """Base of devices that PyVISA opens: ``url = "visa://GPIB0::24::INSTR?backend=@py"``.

    With ``options = { pyvisa_sim = "supply.yaml" }`` the library's own simulation answers in a
    simulated lab: the file lies beside the driver, or in a package
    (``"qcodes.instrument.sims:Yokogawa_GS200.yaml"``), and its first resource is opened
    unless ``resource`` names another.
    """

    schemes: ClassVar[tuple[str, ...]] = ("visa",)

    @property
    def visa(self) -> VisaAddress:
        """What is opened; raises LabFileError, MissingExtraError."""
        if self.context.simulated is not None:
            return self._simulated_visa()
        resource, _, query = self.address.partition("?")
        asked = {key: values[-1] for key, values in parse_qs(query).items()}
        if set(asked) - {"backend"}:
            raise LabFileError(
                f"{self.name}: {self.transport.url!r} knows ?backend=@py and nothing else"
            )
        return VisaAddress(resource, asked.get("backend", ""))

    def simulate(self) -> Any:
        """Return the library's object on pyvisa-sim where a file is named; else signals."""
        return self.open() if "pyvisa_sim" in self.options else super().simulate()

    def _simulated_visa(self) -> VisaAddress:
        name = str(self.options["pyvisa_sim"])
        file = _file(name, type(self).__module__)
        if not file.is_file():
            raise LabFileError(
                f"{self.name}: pyvisa_sim names {name!r}, which is no file beside its driver or "
                "here; write a simulation file of pyvisa-sim, or leave it out"
            )
        backend = f"{file}@sim"
        resource = self.options.get("resource")
        if not resource:
            manager = library("pyvisa", EXTRA).ResourceManager(backend)
            resource = manager.list_resources("?*")[0]
        return VisaAddress(str(resource), backend)


def _file(name: str, module: str) -> Path:
    """Return where a file lies: in a package, beside the module, or where it says."""
    package, colon, inside = name.partition(":")
    if colon and all(part.isidentifier() for part in package.split(".")) and len(package) > 1:
        return Path(str(files(package) / inside))
    of_driver = getattr(sys.modules.get(module), "__file__", None) or "."
    beside = Path(of_driver).parent / name
    return beside if beside.is_file() else Path(name)


def idn(text: str) -> tuple[str, str, str]:
    """Return model, serial number and firmware of an answer to ``*IDN?``."""
    _, model, serial_number, firmware, *_ = [
        part.strip() for part in (*str(text).split(","), "", "", "")
    ]
    return model, serial_number, firmware

"""A draft from a resource of PyVISA that answers ``*IDN?``."""

import re
import warnings

from labloop.errors import NotConnectedError
from labloop_adapters.adapt.draft import Draft, lab_file_of
from labloop_adapters.base import library
from labloop_adapters.base.visa_url import EXTRA, idn
from labloop_adapters.visa import ScpiDevice

_DRIVER = '''"""{told}, a device of commands, drafted by `labloop adapt`."""

from labloop_adapters import Signal
from labloop_adapters.visa import ScpiDevice


class {name}(ScpiDevice):
    """{told}."""

    model = "{model}"
    # The manual has the commands; the error list is asked after each that sets something.
    # signals = {{"voltage": Signal("V", get="VOLT?", set="VOLT {{:g}}", ge=0, le=30)}}
    # error_query = "SYST:ERR?"
    signals = {{"status": Signal(get="*STB?")}}
    safe = {{}}
'''


def draft_of_resource(resource: str, backend: str) -> Draft:
    """Return the driver and the lab file for an instrument that is asked who it is.

    Args:
        resource: as ``GPIB0::24::INSTR``, with or without ``visa://``.
        backend: of PyVISA; empty for an installed VISA.

    Raises:
        NotConnectedError: nobody answers ``*IDN?`` there.
        MissingExtraError: PyVISA is not installed.
    """
    address = resource.removeprefix("visa://")
    pyvisa = library("pyvisa", EXTRA)
    try:
        line = pyvisa.ResourceManager(backend).open_resource(
            address, read_termination="\n", write_termination="\n", timeout=2000
        )
        try:
            with warnings.catch_warnings():
                # An answer that is cut off is no answer, and said below.
                warnings.simplefilter("ignore")
                told = str(line.query("*IDN?")).strip()
        finally:
            line.close()
    except (OSError, ValueError, pyvisa.errors.Error) as error:
        raise NotConnectedError(
            f"{address} does not answer *IDN? ({error}); look at cable and address, or choose "
            "another --backend"
        ) from error
    if not told:
        raise NotConnectedError(f"{address} answers *IDN? with nothing; it is no SCPI instrument")
    model, serial, _ = idn(told)
    name = re.sub(r"\W", "", model.title()) or "Instrument"
    name = name if name[0].isalpha() else f"Model{name}"
    maker = told.partition(",")[0].strip()
    driver = _DRIVER.format(told=f"{maker} {model}".strip(), name=name, model=model)
    query = f"?backend={backend}" if backend in {"@py", "@ivi"} else ""
    device: type[ScpiDevice] = type(name, (ScpiDevice,), {"signals": {}, "safe": {}})
    lab_file = lab_file_of(name.lower(), name, device, f"visa://{address}{query}", serial)
    to_do = ["write the commands of the manual into signals, and what is safe into safe"]
    return Draft(name.lower(), driver, lab_file, f"{maker} {model} answered", to_do)

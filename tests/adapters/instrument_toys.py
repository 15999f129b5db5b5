"""Instruments of PyVISA, PyMeasure and QCoDeS as devices, as their users write them."""

import threading
import time

from labloop.lab import action
from labloop_adapters import Follows, Signal
from labloop_adapters.pymeasure import PyMeasureDevice
from labloop_adapters.qcodes import QCoDeSDevice
from labloop_adapters.visa import ScpiDevice


class Supply(ScpiDevice):
    """A bench supply that speaks SCPI."""

    signals = {
        "voltage": Signal("V", get=":SOUR:VOLT?", set=":SOUR:VOLT {:g}", ge=0, le=360),
        "output": Signal(get="OUTPut?", set="OUTPut {:d}", kind="flag"),
    }
    safe = {"output": False}
    simulation = {"voltage": Follows("voltage", lag=1.0)}
    error_query = "SYST:ERR?"


class WrongSupply(Supply):
    """Another model is expected than the one that answers."""

    model = "PSW-80L40"


class Hasty(Supply):
    """Waits a second for an answer."""

    timeout_seconds = 1.0


class Texio(PyMeasureDevice):
    """The same supply by PyMeasure's driver."""

    instrument = "pymeasure.instruments.texio.TexioPSW360L30"
    arguments = {"read_termination": "\n", "write_termination": "\n"}
    only = ("voltage_setpoint", "output_enabled")
    limits = {"voltage_setpoint": (0, 360)}
    safe = {"output_enabled": False}


class SourceMeter(PyMeasureDevice):
    """A Keithley 2400, with nothing said beyond its class."""

    instrument = "pymeasure.instruments.keithley.Keithley2400"


class Gates(QCoDeSDevice):
    """The dummy of QCoDeS, which has no address."""

    instrument = "qcodes.instrument_drivers.mock_instruments.DummyInstrument"
    arguments = {"gates": ["ch1"]}
    limits = {"ch1": (-5, 5)}
    safe = {"ch1": 0}


class Source(QCoDeSDevice):
    """A source that QCoDeS ships a simulation of."""

    instrument = "qcodes.instrument_drivers.yokogawa.YokogawaGS200"
    safe = {"output": False}
    serial_on_wire = True


SPANS = []
"""Begin, end and thread of each look."""


class _Looking(QCoDeSDevice):
    """Notes when and on which thread its library is called."""

    @action(timeout=5.0)
    async def look(self) -> None:
        """Take a tenth of a second."""
        await self.call(self._look)

    @staticmethod
    def _look():
        begin = time.monotonic()
        time.sleep(0.1)
        SPANS.append((begin, time.monotonic(), threading.get_ident()))


class Dac(_Looking):
    """The source that the meter of QCoDeS's dummies wants."""

    instrument = "qcodes.instrument_drivers.mock_instruments.DummyInstrument"
    arguments = {"gates": ["ch1", "ch2"]}
    limits = {"ch1": (-5, 5), "ch2": (-5, 5)}
    safe = {"ch1": 0, "ch2": 0}


class Dmm(_Looking):
    """A meter that is built with a source, and reads what that is set to."""

    instrument = "qcodes.instrument_drivers.mock_instruments.DummyInstrumentWithMeasurement"
    instruments = {"setter_instr": Dac.instrument}
    only = ("v1", "v2")
    limits = {"v1": (-5, 5), "v2": (-5, 5)}
    safe = {}

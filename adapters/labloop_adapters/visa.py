"""PyVISA: an instrument that speaks SCPI, or any other text, as a table of commands."""

from typing import Any, ClassVar

from labloop.errors import DeviceFaultError
from labloop.records import DeviceIdentity
from labloop_adapters.base import Signal, library
from labloop_adapters.base.visa_url import EXTRA, VisaDevice, idn

__all__ = ["ScpiDevice"]


_LATE = 0.5
"""Seconds in which an answer may come after its time-out."""


class ScpiDevice(VisaDevice):
    """An instrument of commands: ``Signal("V", get="VOLT?", set="VOLT {:g}", ge=0, le=30)``.

    A flag is set with ``{:d}``. The resource of PyVISA is :attr:`library`:
    ``await self.call("query", "MEAS?")``.
    """

    serial_on_wire = True
    read_termination: ClassVar[str] = "\n"
    write_termination: ClassVar[str] = "\n"
    timeout_seconds: ClassVar[float] = 2.0
    """How long PyVISA waits for an answer."""
    error_query: ClassVar[str] = ""
    """Asked after each signal that was set, such as ``SYST:ERR?``; anything but 0 is a fault."""

    def open(self) -> Any:
        """Return the resource of PyVISA."""
        where = self.visa
        manager = library("pyvisa", EXTRA).ResourceManager(where.backend)
        return manager.open_resource(
            where.resource,
            read_termination=self.read_termination,
            write_termination=self.write_termination,
            timeout=self.timeout_seconds * 1000,
        )

    def who(self) -> DeviceIdentity:
        """Ask ``*IDN?``."""
        return self.identity(*idn(self.query("*IDN?")))

    def query(self, command: str) -> str:
        """Return the answer to ``command``; on the device's own thread.

        Raises:
            TimeoutError: there was none; what comes late is dropped.
            ConnectionError: the resource cannot be used.
        """
        try:
            return str(self.library.query(command)).strip()
        except library("pyvisa", EXTRA).errors.VisaIOError as error:
            if error.abbreviation != "VI_ERROR_TMO":
                raise ConnectionError(str(error)) from error
            self._drain()
            raise TimeoutError(
                f"no answer to {command!r} within {self.timeout_seconds:g} s"
            ) from error

    def get_signal(self, signal: Signal) -> Any:
        """Ask its query."""
        return self.query(signal.get)

    def set_signal(self, signal: Signal, value: Any) -> Any:
        """Send its command, and look for an error where the instrument keeps a list of them."""
        command = signal.set.format(value)
        self.library.write(command)
        if not self.error_query:
            return
        told = self.query(self.error_query)
        if told.split(",")[0].strip().lstrip("+-0"):
            raise DeviceFaultError(f"{self.name} answers {told!r} to {command!r}")

    def _drain(self) -> None:
        """Drop an answer that comes late, which would be taken for that to the next question."""
        before, self.library.timeout = self.library.timeout, _LATE * 1000
        try:
            while True:
                self.library.read()
        except library("pyvisa", EXTRA).errors.VisaIOError:
            self.library.timeout = before

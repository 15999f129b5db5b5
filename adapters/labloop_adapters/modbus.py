"""Modbus: a map of registers and coils as a table in a file."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, Field, model_validator

from labloop_adapters.base import BlockingDevice, Refused, Signal, library
from labloop_adapters.base.signal_table import beside, read_rows

__all__ = ["ModbusDevice", "Place", "read_map"]

EXTRA = "modbus"
_PLACES = ("holding", "input", "coil", "discrete")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in an instrument."""

    table: str
    """``holding``, ``input``, ``coil`` or ``discrete``."""
    address: int
    kind: str = "uint16"
    scale: float = 1.0
    """The value is so many times the number in the register."""
    words: Literal["big", "little"] = "big"
    """Which of two registers comes first."""


class _Row(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    holding: int | None = Field(default=None, ge=0, le=65535)
    input: int | None = Field(default=None, ge=0, le=65535)
    coil: int | None = Field(default=None, ge=0, le=65535)
    discrete: int | None = Field(default=None, ge=0, le=65535)
    kind: Literal["int16", "uint16", "int32", "uint32", "float32", "float64"] = "uint16"
    scale: float = 1.0
    words: Literal["big", "little"] = "big"
    unit: str = "1"
    set: bool = False
    ge: float | None = None
    le: float | None = None
    doc: str = ""

    @model_validator(mode="after")
    def _one_place(self) -> "_Row":
        places = [name for name in _PLACES if getattr(self, name) is not None]
        if len(places) != 1:
            raise ValueError(f"needs one of {', '.join(_PLACES)}")
        if self.set and places[0] in {"input", "discrete"}:
            raise ValueError(f"cannot be set: a register of the table {places[0]} is only read")
        return self

    def signal(self) -> Signal:
        """Return the signal that it makes; raises UnitError."""
        table = next(name for name in _PLACES if getattr(self, name) is not None)
        given = {each.name: getattr(self, each.name) for each in fields(Place)[2:]}
        place = Place(table, getattr(self, table), **given)
        return Signal(
            self.unit,
            get=place,
            set=place if self.set else None,
            ge=self.ge,
            le=self.le,
            kind="flag" if table in {"coil", "discrete"} else "number",
            doc=self.doc,
        )


class ModbusDevice(BlockingDevice):
    """An instrument of Modbus: ``url = "modbus://192.0.2.1:502"``.

    Over a serial line it is ``modbus-rtu:///dev/ttyUSB0?baud=19200``. The unit on the line is
    ``options = { address = 3 }``, 1 unless said otherwise.
    """

    schemes = ("modbus", "modbus-rtu")
    registers: ClassVar[str] = ""
    """The file of its registers, beside the driver; see :func:`read_map`."""
    timeout_seconds: ClassVar[float] = 2.0

    @classmethod
    def prepare(cls) -> None:
        """Read the file of registers."""
        if vars(cls).get("registers"):
            cls.signals = read_map(beside(cls, cls.registers))

    def open(self) -> Any:
        """Return pymodbus's client, connected."""
        clients = library("pymodbus.client", EXTRA)
        place, _, query = self.address.partition("?")
        if self.transport.url.startswith("modbus-rtu"):
            asked = {key: values[-1] for key, values in parse_qs(query).items()}
            baud = int(asked.get("baud", "9600"))
            client = clients.ModbusSerialClient(
                place, baudrate=baud, timeout=self.timeout_seconds, retries=0
            )
        else:
            host, _, port = place.rpartition(":")
            client = clients.ModbusTcpClient(
                host or place,
                port=int(port) if host else 502,
                timeout=self.timeout_seconds,
                retries=0,
            )
        if not client.connect():
            raise ConnectionError(f"nothing answers at {self.transport.url}")
        return client

    def get_signal(self, signal: Signal) -> Any:
        """Read the registers or the coil."""
        place: Place = signal.get
        count = 1 if place.table in {"coil", "discrete"} else _type(place).value[1]
        ask = {
            "holding": self.library.read_holding_registers,
            "input": self.library.read_input_registers,
            "coil": self.library.read_coils,
            "discrete": self.library.read_discrete_inputs,
        }[place.table]
        answer = self._done(lambda: ask(place.address, count=count, device_id=self._unit))
        if place.table in {"coil", "discrete"}:
            return answer.bits[0]
        told = self.library.convert_from_registers(
            answer.registers, _type(place), word_order=place.words
        )
        return told * place.scale

    def set_signal(self, signal: Signal, value: Any) -> Any:
        """Write the registers or the coil."""
        place: Place = signal.set
        if place.table == "coil":
            self._done(
                lambda: self.library.write_coil(place.address, bool(value), device_id=self._unit)
            )
            return
        told: Any = value / place.scale
        if not place.kind.startswith("float"):
            told = round(told)
        registers = self.library.convert_to_registers(told, _type(place), word_order=place.words)
        self._done(
            lambda: self.library.write_registers(place.address, registers, device_id=self._unit)
        )

    @property
    def _unit(self) -> int:
        return int(self.options.get("address", 1))

    def _done(self, exchange: Any) -> Any:
        errors = library("pymodbus.exceptions", EXTRA)
        try:
            answer = exchange()
        except errors.ConnectionException as error:
            raise ConnectionError(str(error)) from error
        except errors.ModbusIOException as error:
            raise TimeoutError(str(error)) from error
        if answer.isError():
            raise Refused(f"the instrument answers {answer}")
        return answer


def read_map(path: Path) -> dict[str, Signal]:
    """Return the signals that a file of registers describes.

    A table a signal, as ``[temperature]`` with one of ``holding``, ``input``, ``coil`` or
    ``discrete`` (its address, counted from 0), and ``kind`` (``int16``, ``float32``, ...),
    ``scale``, ``words``, ``unit``, ``set`` (true where it may be set), ``ge``, ``le``, ``doc``.

    Raises:
        DefinitionError: one sentence for what cannot be used, with file, table and key.
    """
    return {name: row.signal() for name, row in read_rows(path, "registers", _Row).items()}


def _type(place: Place) -> Any:
    return library("pymodbus.client.mixin", EXTRA).ModbusClientMixin.DATATYPE[place.kind.upper()]

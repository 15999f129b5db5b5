"""Wire-level emulator of a Huber thermostat (PB), with its bath behind it.

Written from Huber's manual of data communication PB, V1.2.0; what it leaves open is listed in
the README of the driver.
"""

from collections.abc import Callable

from labloop_simulators.bodies.bath import Bath
from labloop_simulators.kit import Emulator, Reply, TruthLog

_LENGTH = 10
_LONGEST = 40
_NO_SENSOR = -15_100
_RANGE = (-4_500, 20_000)
"""Lowest and highest setpoint in hundredths of a degree."""
_KEPT = {0x26: 0, 0x48: 2_000, 0x51: 20_500, 0x52: -5_000, 0x53: 20_500, 0x54: -5_000}
_WRITABLE = frozenset({0x48, 0x51, 0x52, 0x53, 0x54})


class HuberEmulator(Emulator):
    """Answers as a Unistat does.

    Args:
        name: its name in the world.
        truth: where is noted what happens.
        bath: the liquid.
        sync: brings a shared world to a time.
        process_sensor: whether a process sensor is connected.
        serial_number: a number of at most 32 bits.
    """

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        bath: Bath | None = None,
        *,
        sync: Callable[[float], None] | None = None,
        process_sensor: bool = False,
        serial_number: str = "186232",
    ) -> None:
        super().__init__(name, truth, baud=9600, bits_per_byte=10)
        self.serial_number = serial_number
        self.bath = bath if bath is not None else Bath()
        self.running = self.circulating = False
        self.setpoint = 2_000
        """Hundredths of a degree."""
        self.error = 0
        """Number of the error that is present, negative as the display shows it."""
        self._sync = sync
        self._process = process_sensor
        self._kept = dict(_KEPT)

    def split(self, buffer: bytearray) -> bytes | None:
        """Take ten characters from a brace on; what is no frame is dropped."""
        while buffer:
            begin = buffer.find(b"{")
            if begin < 0:
                buffer.clear()
                return None
            del buffer[:begin]
            end = buffer.find(b"\n")
            if end < 0:
                if len(buffer) > _LONGEST:
                    buffer.clear()
                return None
            frame = bytes(buffer[: end + 1])
            del buffer[: end + 1]
            if len(frame) == _LENGTH:
                return frame
        return None

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer one frame; a frame that breaks a rule is not answered."""
        text = frame.decode("ascii", "replace").upper()
        if text[:2] != "{M" or text[8:] != "\r\n":
            return None
        try:
            address = int(text[2:4], 16)
            value = None if text[4:8] == "****" else int(text[4:8], 16)
        except ValueError:
            return None
        if self._sync is not None:
            self._sync(now)
        if value is not None:
            self._set(address, value - 0x10000 if value & 0x8000 else value, now)
        told = self._value(address, now)
        return None if told is None else b"{S%02X%04X\r\n" % (address, told & 0xFFFF)

    def power_cycle(self, now: float) -> None:
        """Switch off and on: it comes back stopped."""
        self._switch(False, now)
        self.circulating, self.error = False, 0
        super().power_cycle(now)

    def stall(self, now: float, seconds: float) -> None:  # noqa: ARG002 - until it is switched off and on
        """Block the circulating pump: an error is present, and control stops."""
        self.error = -1
        self._switch(False, now)
        self.circulating = False
        self.truth.record(now, self.name, "stalled")

    def _value(self, address: int, now: float) -> int | None:
        hundredths = round(self.bath.at(now) * 100)
        serial = int(self.serial_number) if self.serial_number.isdigit() else 0
        values = {
            0x00: self.setpoint,
            0x01: hundredths,
            0x02: hundredths,
            0x03: 1_500 if self.circulating else 1_000,
            0x04: max(min((self.setpoint - hundredths) * 10, 3_000), -3_000) * self.running,
            0x05: self.error,
            0x06: 0,
            0x07: hundredths if self._process else _NO_SENSOR,
            0x3A: hundredths if self._process else _NO_SENSOR,
            0x0A: self.running
            | self.circulating << 1
            | self.circulating << 4
            | (self.error < 0) << 8,
            0x14: int(self.running),
            0x16: int(self.circulating),
            0x1B: serial & 0xFFFF,
            0x1C: serial >> 16 & 0xFFFF,
            0x2C: 1_500,
            0x2D: 3_000,
            0x30: _RANGE[0],
            0x31: _RANGE[1],
            0x3C: 0,
            **self._kept,
            0x26: self._kept[0x48] if self.circulating else 0,
        }
        return values.get(address)

    def _set(self, address: int, value: int, now: float) -> None:
        """Take a value; one that is out of range or not for writing is ignored."""
        if address == 0x00 and _RANGE[0] <= value <= _RANGE[1]:
            self.setpoint = value
            self.truth.record(now, self.name, "setpoint", value=value / 100.0)
            if self.running:
                self.bath.approach(now, value / 100.0)
        elif address == 0x14 and value in {0, 1}:
            self._switch(bool(value) and not self.error, now)
            self.circulating = self.circulating or self.running
        elif address == 0x16 and value in {0, 1} and not self.error:
            self.circulating = bool(value) or self.running
            self.truth.record(now, self.name, "circulation", on=self.circulating)
        elif address in _WRITABLE:
            self._kept[address] = value
            self.truth.record(now, self.name, "setting", address=address, value=value)

    def _switch(self, on: bool, now: float) -> None:
        if on == self.running:
            return
        self.running = on
        self.bath.approach(now, self.setpoint / 100.0 if on else None)
        self.truth.record(now, self.name, "control", on=on)

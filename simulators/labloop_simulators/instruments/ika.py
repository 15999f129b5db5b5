"""Wire-level emulator of the IKA RCT digital (NAMUR), with a hotplate behind it.

Written from the RCT digital manual, pages 28 to 30. The manual is silent about some
answers; what is inferred, and what newer plates answer beyond the manual, is listed in the
driver's README.
"""

import re
from collections.abc import Callable

from labloop_simulators.bodies.hotplate import Hotplate
from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 80
_COMMAND = re.compile(
    r"(?P<ask>(?:IN_(?:PV|SP)|STATUS)_\d)|(?P<switch>START|STOP)_(?P<channel>[14])"
    r"|OUT_SP_(?P<set>[14]) +(?P<value>\d+(?:\.\d+)?)"
    r"|OUT_(?P<echo>WD1|WD2|SP_12|SP_42)@(?P<n>\d+(?:\.\d+)?)|SET_MODE_(?P<mode>[ABD])"
)
_MAXIMUM = {"1": 310.0, "4": 1500.0}
_WATCHDOG = range(20, 1501)


class IkaEmulator(Emulator):
    """Answers as an RCT digital does; what it does not know it leaves unanswered.

    Args:
        name: its name in the world.
        truth: where is noted what happens.
        plate: the heater, the stirrer and the vial.
        sync: brings a shared world to a time.
        model: the name that it gives.
        newer: whether it answers ``STATUS_1``, ``STATUS_4``, ``IN_TYPE`` and ``IN_PV_7``, which
            no manual lists and newer plates know.
    """

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        plate: Hotplate | None = None,
        *,
        sync: Callable[[float], None] | None = None,
        model: str = "RCT digital",
        newer: bool = True,
    ) -> None:
        super().__init__(name, truth, baud=9600, bits_per_byte=10)
        self.plate = plate if plate is not None else Hotplate()
        self._sync = sync
        self._model = model
        self._newer = newer
        self._mode = "A"
        self._safety = {"SP_12": 360.0, "SP_42": 0.0}

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one line; a line that is longer than 80 characters is dropped unread."""
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Carry out one line and return the answer, or None: setters are silent."""
        if self._sync is not None:
            self._sync(now)
        self.plate.advance(now)
        line = bytes(byte & 0x7F for byte in frame).decode("ascii").strip(" \r\n")
        answer = self._answer(line, now)
        return None if answer is None else answer.encode("ascii") + b" \r\n"

    def power_cycle(self, now: float) -> None:
        """Switch off and on: settings are lost, the heat stays."""
        self.plate.advance(now)
        self.plate.power_cycle()
        self.truth.record(now, self.name, "power_cycle")

    def _answer(self, line: str, now: float) -> str | None:
        if line == "IN_NAME" or (line == "IN_TYPE" and self._newer):
            return self._model
        if line == "RESET":
            self._switch("1", False, now)
            self._switch("4", False, now)
            return None
        match = _COMMAND.fullmatch(line)
        if match is None:
            return None
        if match["ask"]:
            return self._value(match["ask"])
        if match["switch"]:
            self._switch(match["channel"], match["switch"] == "START", now)
        elif match["set"]:
            self._set(match["set"], float(match["value"]), now)
        elif match["mode"]:
            self._mode = match["mode"]
            self.truth.record(now, self.name, "mode", mode=self._mode)
        else:
            return self._echo(match["echo"], match["n"], now)
        return None

    def _value(self, question: str) -> str | None:
        plate = self.plate
        values = {
            "IN_PV_1": f"{plate.vial:.1f} 1",
            "IN_PV_2": f"{plate.plate:.1f} 2",
            "IN_PV_4": f"{plate.speed:.1f} 4",
            # The trend of the torque since the stirring began: water does not thicken.
            "IN_PV_5": "0.0 5",
            "IN_SP_1": f"{plate.setpoint:.1f} 1",
            "IN_SP_3": f"{self._safety['SP_12']:.1f} 3",
            "IN_SP_4": f"{plate.speed_setpoint:.1f} 4",
        }
        if self._newer:
            values |= {
                "IN_PV_7": f"{plate.vial:.1f} 7",
                "STATUS_1": f"{11 if plate.heating else 12} 1",
                "STATUS_4": f"{int(plate.stirring)} 4",
            }
        return values.get(question)

    def _switch(self, channel: str, on: bool, now: float) -> None:
        if on and self.plate.tripped:
            return
        if channel == "1":
            self.plate.heating = on
        else:
            self.plate.stirring = on
        what = "heater" if channel == "1" else "stirrer"
        self.truth.record(now, self.name, what, on=on)

    def _set(self, channel: str, value: float, now: float) -> None:
        if value > _MAXIMUM[channel]:
            return
        if channel == "1":
            self.plate.setpoint = value
        else:
            self.plate.speed_setpoint = value
        what = "temperature_setpoint" if channel == "1" else "speed_setpoint"
        self.truth.record(now, self.name, what, value=value)

    def _echo(self, what: str, told: str, now: float) -> str | None:
        number = float(told)
        if what in self._safety:
            self._safety[what] = number
            self.truth.record(now, self.name, "watchdog_limit", what=what, value=number)
            return told
        if what == "WD2" and number == 0.0:
            self.plate.disarm_watchdog()
            return told
        if number not in _WATCHDOG:
            return None
        fall_back = (self._safety["SP_12"], self._safety["SP_42"]) if what == "WD2" else None
        self.plate.arm_watchdog(now, number, fall_back)
        return told

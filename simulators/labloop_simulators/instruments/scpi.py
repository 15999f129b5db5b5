"""Wire-level emulator of a DC source that speaks SCPI, with a resistor at its output.

Written from SCPI-99, volume 1, chapters 6 and 7, volume 2, chapters 5, 14, 15, 19 and 21, and
IEEE 488.2, chapter 10.
"""

import re
from collections import deque
from collections.abc import Callable

from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 256
_QUEUE = 20
_ERRORS = {
    -100: "Command error",
    -102: "Syntax error",
    -104: "Data type error",
    -109: "Missing parameter",
    -113: "Undefined header",
    -222: "Data out of range",
    -350: "Queue overflow",
}
_HEADER = re.compile(r"([*:A-Za-z0-9]+)(\?)?(?: +(.*))?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?")
_WORDS = {
    "VOLTAGE": "VOLT",
    "CURRENT": "CURR",
    "OUTPUT": "OUTP",
    "MEASURE": "MEAS",
    "SYSTEM": "SYST",
    "ERROR": "ERR",
    "SOURCE": "SOUR",
    "STATE": "STAT",
    "INSTRUMENT": "INST",
    "NSELECT": "NSEL",
    "LEVEL": "LEV",
    "IMMEDIATE": "IMM",
    "AMPLITUDE": "AMPL",
    "SCALAR": "SCAL",
    "VERSION": "VERS",
}
"""Long words and their short forms; a word in between is not known."""
_LEFT_OUT = frozenset({"SOUR", "LEV", "IMM", "AMPL", "STAT", "SCAL", "NEXT", "DC"})
"""Words that may stand in a header or be left out."""


class _ScpiError(Exception):
    """A command that is not carried out; its argument is the number of the error."""


class ScpiEmulator(Emulator):
    """Answers as a source of 30 V and 3 A does.

    Args:
        name: its name in the world.
        truth: where is noted what happens.
        ohms: what is connected to its output.
        serial_number: as ``*IDN?`` tells it.
    """

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        *,
        ohms: float = 10.0,
        serial_number: str = "MY0001",
    ) -> None:
        super().__init__(name, truth)
        self.serial_number = serial_number
        self.ohms = ohms
        self.on = False
        self.levels = {"VOLT": 0.0, "CURR": 0.1}
        self._highest = {"VOLT": 30.0, "CURR": 3.0}
        self._errors: deque[int] = deque()
        self._events = 128
        """The event status register: power was switched on."""
        self._enabled = {"*ESE": 0, "*SRE": 0}
        self._now = 0.0
        self._commands: dict[str, Callable[[str, bool], str | None]] = {
            "*IDN": lambda _rest, _ask: f"LABLOOP,DC30-3,{self.serial_number},1.02",
            "*CLS": self._clear,
            "*RST": self._reset,
            "*OPC": self._complete,
            "*ESR": self._event_status,
            "*STB": lambda _rest, _ask: str(4 * bool(self._errors) | 32 * bool(self._events)),
            "*ESE": lambda rest, ask: self._enable("*ESE", rest, ask),
            "*SRE": lambda rest, ask: self._enable("*SRE", rest, ask),
            "*TST": lambda _rest, _ask: "0",
            "*WAI": lambda _rest, _ask: None,
            "VOLT": lambda rest, ask: self._level("VOLT", rest, ask),
            "CURR": lambda rest, ask: self._level("CURR", rest, ask),
            "OUTP": self._output,
            "MEAS:VOLT": lambda _rest, _ask: f"{self.measured()[0]:+.5E}",
            "MEAS:CURR": lambda _rest, _ask: f"{self.measured()[1]:+.5E}",
            "SYST:ERR": self._next_error,
            "SYST:VERS": lambda _rest, _ask: "1999.0",
            "INST:NSEL": self._select,
        }

    def measured(self) -> tuple[float, float]:
        """Return V and A at the output."""
        if not self.on:
            return 0.0, 0.0
        amperes = min(self.levels["VOLT"] / self.ohms, self.levels["CURR"])
        return amperes * self.ohms, amperes

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one line; an endless one is dropped unread."""
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Carry out one line, units behind semicolons in their order; questions are answered."""
        self._now = now
        told: list[str] = []
        before = ""
        for unit in frame.decode("ascii", "replace").strip().split(";"):
            try:
                header, answer = self._unit(unit.strip(), before)
            except _ScpiError as error:
                self._fail(error.args[0])
                # What stands behind an error of a line is not looked at.
                break
            before = header.rpartition(":")[0] if not header.startswith("*") else before
            if answer is not None:
                told.append(answer)
        return ";".join(told).encode("ascii") + b"\n" if told else None

    def power_cycle(self, now: float) -> None:
        """Switch off and on: the output is off."""
        self._now = now
        self._reset("", False)
        self._errors.clear()
        self._events = 128
        super().power_cycle(now)

    def busy(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer late: a SCPI instrument has no word for busy."""
        answer = self.handle(frame, now)
        return Reply(answer, 0.5) if isinstance(answer, bytes) else None

    def _unit(self, unit: str, before: str) -> tuple[str, str | None]:
        """Carry out one command; return its full header and the answer."""
        if not unit:
            return before, None
        match = _HEADER.fullmatch(unit)
        if match is None:
            raise _ScpiError(-102)
        header, ask, rest = match[1].upper(), bool(match[2]), (match[3] or "").strip()
        if before and not header.startswith((":", "*")):
            # Without a colon a header goes on where the one before it was.
            header = f"{before}:{header}"
        found = self._find(header.lstrip(":"))
        if found is None:
            raise _ScpiError(-113)
        command, only_asked, only_told = found
        if (ask and only_told) or (not ask and only_asked):
            raise _ScpiError(-113)
        answer = command(rest, ask)
        return header.lstrip(":"), answer if ask else None

    def _find(self, header: str) -> tuple[Callable[[str, bool], str | None], bool, bool] | None:
        """Return a command, whether it is only a question, and whether it is never one."""
        words = [_WORDS.get(word, word) for word in header.split(":")]
        name = ":".join(word for word in words if word not in _LEFT_OUT)
        command = self._commands.get(name)
        if command is None:
            return None
        asked = {"*IDN", "*ESR", "*STB", "*TST", "SYST:ERR", "SYST:VERS"}
        only_asked = name in asked or name.startswith("MEAS")
        return command, only_asked, name in {"*CLS", "*RST", "*WAI"}

    def _fail(self, number: int) -> None:
        self._events |= 32 if number > -200 else 16
        if len(self._errors) >= _QUEUE:
            self._errors[-1] = -350
        else:
            self._errors.append(number)

    def _level(self, which: str, rest: str, ask: bool) -> str | None:
        highest = self._highest[which]
        named = {"MIN": 0.0, "MAX": highest, "DEF": 0.0}
        if ask:
            return f"{named.get(rest.upper()[:3], self.levels[which]):.5G}"
        if not rest:
            raise _ScpiError(-109)
        if rest.upper()[:3] in named:
            value = named[rest.upper()[:3]]
        elif _NUMBER.fullmatch(rest):
            value = float(rest)
        else:
            raise _ScpiError(-104)
        if not 0.0 <= value <= highest:
            raise _ScpiError(-222)
        self.levels[which] = value
        self.truth.record(self._now, self.name, which.lower(), value=value)
        return None

    def _output(self, rest: str, ask: bool) -> str | None:
        if ask:
            return str(int(self.on))
        if rest.upper() not in {"0", "1", "ON", "OFF"}:
            raise _ScpiError(-109 if not rest else -104)
        self.on = rest.upper() in {"1", "ON"}
        self.truth.record(self._now, self.name, "output", on=self.on)
        return None

    def _next_error(self, _rest: str, _ask: bool) -> str:
        number = self._errors.popleft() if self._errors else 0
        return f'{number:+d},"{_ERRORS.get(number, "No error")}"'

    def _clear(self, _rest: str, _ask: bool) -> None:
        self._errors.clear()
        self._events = 0

    def _reset(self, _rest: str, _ask: bool) -> None:
        self.on, self.levels = False, {"VOLT": 0.0, "CURR": 0.1}
        self.truth.record(self._now, self.name, "output", on=False)

    def _complete(self, _rest: str, ask: bool) -> str | None:
        if not ask:
            self._events |= 1
        return "1" if ask else None

    def _event_status(self, _rest: str, _ask: bool) -> str:
        events, self._events = self._events, 0
        return str(events)

    def _enable(self, which: str, rest: str, ask: bool) -> str | None:
        if ask:
            return str(self._enabled[which])
        if not rest.isdigit() or int(rest) > 255:
            raise _ScpiError(-104 if not rest.isdigit() else -222)
        self._enabled[which] = int(rest)
        return None

    def _select(self, rest: str, ask: bool) -> str | None:
        if not ask and rest != "1":
            raise _ScpiError(-222)
        return "1" if ask else None

"""Wire-level emulator of an Atlas Scientific EZO circuit (UART).

Written from the EZO-pH datasheet V 5.8, pages 14 to 34; what it leaves open is listed in the
README of the driver.
"""

import re
from collections.abc import Callable

from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 60
_AT_ONCE = 5
"""Continuous readings that a host which did not listen finds at most."""
_DELAYS = {"R": 0.9, "RT": 0.9, "CAL": 0.9}
_OTHER = 0.3
_REST = {"pH": 7.0, "EC": 1413.0, "ORP": 225.0, "DO": 8.2, "RTD": 22.0}
"""What each kind of probe reads where nothing was set."""
_DECIMALS = {"pH": 3, "EC": 2, "ORP": 1, "DO": 2, "RTD": 3}
_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,4})?")
_POINTS = frozenset({"LOW", "MID", "HIGH"})


class EzoEmulator(Emulator):
    """Answers as a circuit does that was just switched on: in continuous mode.

    Args:
        name: its name in the world.
        truth: where is noted what happens.
        kind: pH, EC, ORP, DO or RTD.
        continuous: seconds between readings that are said unasked; 0 for none.
        ack_first: whether ``*OK`` comes before the datum.
    """

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        *,
        kind: str = "pH",
        continuous: int = 1,
        ack_first: bool = False,
    ) -> None:
        super().__init__(name, truth, baud=9600, bits_per_byte=10)
        self.value = _REST.get(kind, 0.0)
        """What the probe measures, in the circuit's own unit."""
        self._kind, self._ack_first = kind, ack_first
        self._continuous, self._said_until = continuous, 0.0
        self._asleep, self._codes = False, True
        self._temperature, self._points = 25.0, 0
        self._name = ""
        self._pending: list[bytes] = []
        self._commands: dict[str, Callable[[str], str | None]] = {
            "R": lambda _rest: self._shown(),
            "RT": self._compensated,
            "I": lambda _rest: f"?i,{'D.O.' if self._kind == 'DO' else self._kind},2.12",
            "STATUS": lambda _rest: "?STATUS,P,5.038",
            "C": self._continue,
            "T": self._compensate,
            "CAL": self._calibrate,
            "SLOPE": lambda _rest: "?SLOPE,99.7,100.3,-0.89",
            "O": self._output,
            "S": lambda rest: (
                {"EC": None, "RTD": "?S,C", "DO": "?S,0.00,uS"}.get(self._kind)
                if rest == "?"
                else None
            ),
            "K": lambda rest: "?K,1.00" if rest == "?" and self._kind == "EC" else None,
            "P": lambda rest: "?P,101.3" if rest == "?" and self._kind == "DO" else None,
            "NAME": self._call,
            "*OK": self._code,
            "L": lambda rest: "?L,1" if rest == "?" else "",
            "FIND": lambda _rest: "",
            "SLEEP": self._sleep,
            "FACTORY": self._factory,
        }

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one command up to its CR; an endless one is dropped unread."""
        end = buffer.find(b"\r")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        command = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return command

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer one command; any wakes a circuit that sleeps, and is lost."""
        if self._asleep:
            self._asleep = False
            return b"*WA\r"
        text = frame.strip(b"\r\n ").decode("ascii", "replace")
        name, _, rest = text.partition(",")
        found = self._commands.get(name.upper())
        told = None if found is None else found(rest.strip())
        if told is None:
            return Reply(b"*ER\r", _OTHER)
        if name.upper() in {"CAL", "T", "RT", "C"} and rest != "?":
            self.truth.record(now, self.name, "setting", what=name.upper(), value=rest)
        datum = told.encode("ascii", "replace") + b"\r" if told else b""
        code = b"*OK\r" if self._codes else b""
        if name.upper() == "SLEEP":
            code = b"*SL\r"
        both = code + datum if self._ack_first else datum + code
        delay = _OTHER if rest.strip() == "?" else _DELAYS.get(name.upper(), _OTHER)
        return Reply(both, delay) if both else None

    def power_cycle(self, now: float) -> None:
        """Switch off and on: it says that it was reset and is ready."""
        self._asleep = False
        self._pending += [b"*RS\r", b"*RE\r"]
        super().power_cycle(now)

    def unasked(self, now: float) -> list[tuple[float, bytes]]:
        """Return readings of the continuous mode and what a restart says."""
        said, self._pending = self._pending, []
        if self._continuous and not self._asleep:
            self._said_until = max(self._said_until, now - _AT_ONCE * self._continuous)
            while self._said_until + self._continuous <= now:
                self._said_until += self._continuous
                said.append(f"{self._shown()}\r".encode("ascii"))
        return [self._send(each, now, now, True) for each in said]

    def _shown(self) -> str:
        return f"{self.value:.{_DECIMALS.get(self._kind, 2)}f}"

    def _compensated(self, rest: str) -> str | None:
        return None if self._compensate(rest) is None else self._shown()

    def _continue(self, rest: str) -> str | None:
        if rest == "?":
            return f"?C,{self._continuous}"
        if not rest.isdigit() or int(rest) > 99:
            return None
        self._continuous = int(rest)
        return ""

    def _compensate(self, rest: str) -> str | None:
        if rest == "?":
            return f"?T,{self._temperature:.2f}"
        if _NUMBER.fullmatch(rest) is None:
            return None
        self._temperature = float(rest)
        return ""

    def _calibrate(self, rest: str) -> str | None:
        point, _, value = rest.upper().partition(",")
        if point == "?":
            return f"?CAL,{self._points}"
        if point in {"CLEAR", "DRY"} and not value:
            self._points = 0 if point == "CLEAR" else self._points
            return ""
        if not value and (not point or _NUMBER.fullmatch(point)) and self._kind != "pH":
            self._points = 2 if point == "0" else 1
            return ""
        if point not in _POINTS or _NUMBER.fullmatch(value) is None:
            return None
        self._points = 1 if point == "MID" else min(self._points + 1, 3)
        return ""

    def _output(self, rest: str) -> str | None:
        """Tell which numbers a reading has: the first of each kind alone."""
        first = {"EC": "EC", "DO": "mg"}.get(self._kind)
        return f"?O,{first}" if rest == "?" and first else None

    def _call(self, rest: str) -> str | None:
        if rest == "?":
            return f"?NAME,{self._name}"
        if len(rest) > 16:
            return None
        self._name = rest
        return ""

    def _code(self, rest: str) -> str | None:
        if rest == "?":
            return f"?*OK,{int(self._codes)}"
        if rest not in {"0", "1"}:
            return None
        self._codes = rest == "1"
        return ""

    def _sleep(self, _rest: str) -> str:
        self._asleep = True
        return ""

    def _factory(self, _rest: str) -> str:
        self._continuous, self._temperature, self._points, self._codes = 1, 25.0, 0, True
        return ""

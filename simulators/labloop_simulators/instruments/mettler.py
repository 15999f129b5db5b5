"""Wire-level emulator of a Mettler Toledo balance (MT-SICS), with a pan.

Written from the AL-IC operating instructions, page 72, those of AT balances, page 87, and of the
JS series, page 30; what they leave open is listed in the README of the driver.
"""

import math
from collections.abc import Callable

from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 80
_UNSTABLE = 1.5
"""Seconds after a change of load in which the weight is not stable."""
_PATIENCE = 40.0
_ADJUSTING = 25.0
_PERIOD = 0.1
_AT_ONCE = 20
"""Repeated weights that a host which did not listen finds at most."""
_KNOWN = "@ C3 D DW I0 I1 I2 I3 I4 I10 I11 M28 PWR S SI SIR SNR SR T TA TAC TI WS Z ZI"


class MettlerEmulator(Emulator):
    """Answers as a balance does; its pan may be loaded by :meth:`put`.

    Args:
        name: its name in the world.
        truth: where is noted what happens.
        capacity: g.
        decimals: digits behind the point, in g.
        serial_number: as ``I4`` tells it.
    """

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        *,
        capacity: float = 220.0,
        decimals: int = 4,
        serial_number: str = "1129012345",
    ) -> None:
        super().__init__(name, truth, baud=9600, bits_per_byte=10)
        self.serial_number = serial_number
        self.load = 0.0
        """What is on the pan, in g."""
        self.tared = 0.0
        self.draught = False
        """Whether the weight is never stable."""
        self._zero = 0.0
        self._capacity, self._decimals = capacity, decimals
        self._changed, self._busy_until = -math.inf, -math.inf
        self._repeats, self._told_until, self._told = "", 0.0, 0.0
        self._asleep = False
        self._door = 0
        """Where the draught shield stands: 0 closed, 1 right open, 2 left open."""
        self._answers: dict[str, Callable[[str, float], str | Reply]] = {
            "S": lambda _rest, now: self._stable("S", now),
            "SI": lambda _rest, now: self._now("S", now),
            "SIR": lambda _rest, now: self._repeat("SIR", now),
            "SNR": lambda _rest, now: self._repeat("SNR", now),
            "SR": lambda _rest, now: self._repeat("SR", now),
            "T": self._tare,
            "TI": self._tare_now,
            "TA": self._tare_value,
            "TAC": self._clear_tare,
            "Z": self._set_zero,
            "ZI": self._set_zero_now,
            "C3": self._adjust,
            "I0": lambda _rest, _now: _list_of_commands(),
            "I1": lambda _rest, _now: 'I1 A "0123" "2.30" "2.22" "2.33" "2.20"',
            "I2": self._data,
            "I3": lambda _rest, _now: 'I3 A "1.10 18.6.4.1361.772"',
            "I4": self._tell_serial,
            "I10": lambda _rest, _now: 'I10 A "labloop"',
            "I11": lambda _rest, _now: 'I11 A "XPR204"',
            "@": self._cancel,
            "D": lambda rest, _now: "D A" if rest[:1] == rest[-1:] == '"' else "D L",
            "DW": lambda _rest, _now: "DW A",
            "PWR": self._power,
            "WS": self._draught_shield,
            "M28": lambda _rest, _now: "M28 A 1 22.5",
        }

    def put(self, grams: float, now: float) -> None:
        """Let the pan bear ``grams`` in all from ``now`` on."""
        self.load, self._changed = grams, now
        self.truth.record(now, self.name, "load", grams=grams)

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one line; one that is too long is dropped unread."""
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer one line."""
        if frame[-2:-1] != b"\r" or any(byte > 0x7E for byte in frame):
            return b"ET\r\n"
        name, _, rest = frame.strip().decode("ascii", "replace").partition(" ")
        self._repeats = ""
        if self._asleep and name != "PWR":
            return None
        answer = self._answers.get(name)
        if answer is None:
            return b"ES\r\n"
        if now < self._busy_until and name not in {"@", "I4"}:
            return f"{name if name[0] != 'S' else 'S'} I\r\n".encode("ascii")
        made = answer(rest.strip(), now)
        return made if isinstance(made, Reply) else f"{made}\r\n".encode("latin-1")

    def busy(self, frame: bytes, now: float) -> bytes | Reply | None:  # noqa: ARG002 - always the same
        """Answer as during an adjustment: not executable now."""
        name = frame.strip().split(b" ")[0] or b"S"
        return (b"S" if name[:1] == b"S" else name) + b" I\r\n"

    def power_cycle(self, now: float) -> None:
        """Switch off and on: tare and zero are forgotten, and it says who it is."""
        self.tared = self._zero = 0.0
        self._busy_until, self._repeats, self._asleep = -math.inf, "", False
        super().power_cycle(now)

    def unasked(self, now: float) -> list[tuple[float, bytes]]:
        """Return the weights that are sent again and again after SIR, SNR or SR."""
        if not self._repeats:
            return []
        said = []
        if self._repeats == "SIR":
            self._told_until = max(self._told_until, now - _AT_ONCE * _PERIOD)
            while self._told_until + _PERIOD <= now:
                self._told_until += _PERIOD
                said.append(self._now("S", self._told_until))
        elif not self._wait(now) and self._net() != self._told:
            self._told = self._net()
            said.append(self._now("S", now))
        return [self._send(f"{line}\r\n".encode("ascii"), now, now, True) for line in said]

    def _net(self) -> float:
        return round(self.load - self._zero - self.tared, self._decimals)

    def _wait(self, now: float) -> float:
        """Return how long it takes until the weight is stable."""
        return math.inf if self.draught else max(self._changed + _UNSTABLE - now, 0.0)

    def _gives_up(self, name: str) -> Reply:
        return Reply(f"{name} I\r\n".encode("ascii"), _PATIENCE)

    def _trouble(self) -> str:
        above = self.load - self._zero
        return "+" if above > self._capacity else "-" if above < -0.1 * self._capacity else ""

    def _shown(self, grams: float) -> str:
        return f"{grams:10.{self._decimals}f} g"

    def _now(self, name: str, now: float) -> str:
        if trouble := self._trouble():
            return f"{name} {trouble}"
        state = "D" if self._wait(now) else "S"
        return f"{name} {state} {self._shown(self._net())}"

    def _stable(self, name: str, now: float) -> str | Reply:
        wait = self._wait(now)
        if wait > _PATIENCE:
            return self._gives_up(name)
        return Reply(f"{self._now(name, now + wait)}\r\n".encode("ascii"), wait)

    def _repeat(self, mode: str, now: float) -> str:
        self._repeats, self._told_until, self._told = mode, now, self._net()
        return self._now("S", now)

    def _tare(self, _rest: str, now: float) -> str | Reply:
        if trouble := self._trouble():
            return f"T {trouble}"
        wait = self._wait(now)
        if wait > _PATIENCE:
            return self._gives_up("T")
        self.tared = round(self.load - self._zero, self._decimals)
        self.truth.record(now, self.name, "tare", grams=self.tared)
        return Reply(f"T S {self._shown(self.tared)}\r\n".encode("ascii"), wait)

    def _tare_now(self, _rest: str, now: float) -> str:
        if trouble := self._trouble():
            return f"TI {trouble}"
        self.tared = round(self.load - self._zero, self._decimals)
        self.truth.record(now, self.name, "tare", grams=self.tared)
        state = "D" if self._wait(now) else "S"
        return f"TI {state} {self._shown(self.tared)}"

    def _tare_value(self, rest: str, now: float) -> str:
        if rest:
            number, _, unit = rest.partition(" ")
            if unit.strip() != "g" or not number.replace(".", "", 1).isdigit():
                return "TA L"
            if float(number) > self._capacity:
                return "TA L"
            self.tared = round(float(number), self._decimals)
            self.truth.record(now, self.name, "tare", grams=self.tared)
        return f"TA A {self._shown(self.tared)}"

    def _clear_tare(self, _rest: str, now: float) -> str:
        self.tared = 0.0
        self.truth.record(now, self.name, "tare", grams=0.0)
        return "TAC A"

    def _set_zero(self, _rest: str, now: float) -> str | Reply:
        if abs(self.load) > 0.2 * self._capacity:
            return "Z +" if self.load > 0 else "Z -"
        wait = self._wait(now)
        if wait > _PATIENCE:
            return self._gives_up("Z")
        self._zero, self.tared = self.load, 0.0
        self.truth.record(now, self.name, "zero", grams=self._zero)
        return Reply(b"Z A\r\n", wait)

    def _set_zero_now(self, _rest: str, now: float) -> str:
        if abs(self.load) > 0.2 * self._capacity:
            return "ZI +" if self.load > 0 else "ZI -"
        self._zero, self.tared = self.load, 0.0
        self.truth.record(now, self.name, "zero", grams=self._zero)
        return "ZI D" if self._wait(now) else "ZI S"

    def _adjust(self, _rest: str, now: float) -> str | Reply:
        if abs(self.load) > 0.01 * self._capacity:
            return "C3 I"
        self._busy_until = now + _ADJUSTING
        self.truth.record(now, self.name, "adjusted")
        return Reply(b"C3 B\r\n", then=Reply(b"C3 A\r\n", _ADJUSTING, meanwhile=True))

    def _data(self, _rest: str, _now: float) -> str:
        return f'I2 A "XPR204 Standard {self._capacity:.{self._decimals}f} g"'

    def _tell_serial(self, _rest: str, _now: float) -> str:
        return f'I4 A "{self.serial_number}"'

    def _cancel(self, _rest: str, now: float) -> str:
        self.tared, self._busy_until = 0.0, -math.inf
        self.truth.record(now, self.name, "cancelled")
        return f'I4 A "{self.serial_number}"'

    def _power(self, rest: str, now: float) -> str:
        if rest not in {"0", "1"}:
            return "PWR L"
        self._asleep = rest == "0"
        self.truth.record(now, self.name, "power", on=not self._asleep)
        return "PWR A"

    def _draught_shield(self, rest: str, now: float) -> str:
        if not rest:
            return f"WS A {self._door}"
        if rest not in {"0", "1", "2"}:
            return "WS L"
        self._door = int(rest)
        self.truth.record(now, self.name, "door", position=self._door)
        return "WS A"


def _list_of_commands() -> str:
    known = _KNOWN.split(" ")
    last = len(known) - 1
    return "\r\n".join(
        f'I0 {"B" if number < last else "A"} {0 if number < last else 1} "{name}"'
        for number, name in enumerate(known)
    )

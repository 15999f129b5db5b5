"""Wire-level emulator of a Harvard Apparatus syringe pump (pump chain commands).

Written from the PHD ULTRA user's manual (5419-002), pages 83 to 88; what it leaves open is
listed in the README of the driver.
"""

import re
from collections.abc import Callable

from labloop_simulators.bodies.syringe import Syringe
from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 120
_COMMAND = re.compile(r"(\d{1,2})?:?([a-z]*)(?: +(.*))?")
_RATE = re.compile(r"(\d+(?:\.\d*)?|\.\d+) *([munp]?l)/(s|sec|min|hr|h)")
_VOLUME = re.compile(r"(\d+(?:\.\d*)?|\.\d+) *([munp]?l)")
_LENGTH = re.compile(r"\d+(?:\.\d*)?")
_MILLILITRES = {"l": 1e3, "ml": 1.0, "ul": 1e-3, "nl": 1e-6, "pl": 1e-9}
_PER_MINUTE = {"s": 60.0, "sec": 60.0, "min": 1.0, "hr": 1.0 / 60.0, "h": 1.0 / 60.0}


class _RefusedError(Exception):
    """A command that is not carried out; its arguments are the lines of the complaint."""


class HarvardEmulator(Emulator):
    """Answers as a PHD Ultra does.

    Args:
        name: its name in the world.
        truth: where is noted what happens.
        address: 0 to 99.
        serial_number: as ``version`` tells it.
    """

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        *,
        address: int = 0,
        serial_number: str = "D402110",
    ) -> None:
        super().__init__(name, truth, baud=115_200, bits_per_byte=10)
        self.serial_number = serial_number
        self.syringe = Syringe()
        self._address = address
        self._rates = {"i": 1.0, "w": 1.0}
        self._stalled = self._reached = False
        self._commands: dict[str, Callable[[str, float], list[str]]] = {
            "irate": lambda rest, now: self._rate("i", rest, now),
            "wrate": lambda rest, now: self._rate("w", rest, now),
            "diameter": self._diameter,
            "tvolume": self._target,
            "ctvolume": self._clear_target,
            "ivolume": lambda _rest, now: [_volume(self.syringe.volumes(now)[0])],
            "wvolume": lambda _rest, now: [_volume(self.syringe.volumes(now)[1])],
            "civolume": lambda _rest, now: self._clear("INF", now),
            "cwvolume": lambda _rest, now: self._clear("WDR", now),
            "irun": lambda _rest, now: self._run(1.0, now),
            "wrun": lambda _rest, now: self._run(-1.0, now),
            "run": lambda _rest, now: self._run(self.syringe.sign, now),
            "stop": self._stop,
            "status": self._status,
            "crate": self._current_rate,
            "version": self._version,
            "ver": lambda _rest, _now: ["PHD ULTRA 2.1.0"],
            "metrics": self._metrics,
            "address": lambda _rest, _now: [f"Pump address set to {self._address}"],
            "force": lambda _rest, _now: ["100%"],
            "": lambda _rest, _now: [],
        }

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one line, which CR ends; the LF behind it is dropped."""
        while buffer[:1] == b"\n":
            del buffer[:1]
        end = buffer.find(b"\r")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer one line; one for another address is not answered."""
        self._follow(now)
        text = " ".join(frame.decode("ascii", "replace").lower().split())
        match = _COMMAND.fullmatch(text)
        if match is not None and int(match[1] or 0) != self._address:
            return None
        if match is None:
            lines = [f"Command error: {text[:40]}", "   Unknown command"]
        else:
            lines = self._carry_out(match[2], (match[3] or "").strip(), now)
        prompt = self._prompt()
        head = f"{self._address:02d}{prompt}" if self._address else ""
        last = f"{self._address:02d}{prompt}" if self._address else prompt
        told = "\n" + "".join(f"{head}{line}\r\n" for line in lines) + last
        return told.encode("ascii", "replace")

    def power_cycle(self, now: float) -> None:
        """Switch off and on: it comes back stopped."""
        self._follow(now)
        self.syringe.stop(now)
        self._stalled = self._reached = False
        super().power_cycle(now)

    def stall(self, now: float, seconds: float) -> None:  # noqa: ARG002 - until it is stopped
        """Block the motor."""
        self._follow(now)
        self.syringe.stop(now)
        self._stalled = True
        self.truth.record(now, self.name, "stalled")

    def _follow(self, now: float) -> None:
        """Let happen what was due: the target reached."""
        if self.syringe.ends_at <= now:
            when = self.syringe.ends_at
            self.syringe.stop(when)
            self._reached = True
            self.truth.record(when, self.name, "stop", why="target_reached")

    def _prompt(self) -> str:
        if self._stalled:
            return "*"
        if self.syringe.running:
            return ">" if self.syringe.sign > 0 else "<"
        return "T*" if self._reached else ":"

    def _carry_out(self, name: str, rest: str, now: float) -> list[str]:
        found = self._commands.get(name)
        if found is None and len(name) == 4:
            # Commands may be cut to their first four letters.
            found = next((do for long, do in self._commands.items() if long[:4] == name), None)
        if found is None:
            return [f"Command error: {name}", "   Unknown command"]
        try:
            return found(rest, now)
        except _RefusedError as refused:
            return list(refused.args)

    def _rate(self, which: str, rest: str, now: float) -> list[str]:
        if not rest:
            return [f"{self._rates[which]:.5g} ml/min"]
        if rest in {"lim", "max", "min"}:
            fastest = self.syringe.fastest
            return [f"1e-06 ml/min to {fastest:.5g} ml/min"] if rest == "lim" else []
        match = _RATE.fullmatch(rest)
        if match is None:
            raise _RefusedError(f"Argument error: {rest}", "   Unknown units")
        rate = float(match[1]) * _MILLILITRES[match[2]] * _PER_MINUTE[match[3]]
        if not 1e-6 <= rate <= self.syringe.fastest:
            raise _RefusedError(f"Argument error: {rest}", "   Out of range")
        self._rates[which] = rate
        self.truth.record(now, self.name, "rate", value=rate)
        if which == ("i" if self.syringe.sign > 0 else "w") or not self.syringe.running:
            self.syringe.set_rate(rate, "MM", now)
        return []

    def _diameter(self, rest: str, now: float) -> list[str]:
        if not rest:
            return [f"{self.syringe.diameter:.4f} mm"]
        match = _LENGTH.match(rest)
        if match is None or self.syringe.running:
            raise _RefusedError("Command error: diameter", "   Not allowed while running")
        if not self.syringe.set_diameter(float(match[0])):
            raise _RefusedError(f"Argument error: {rest}", "   Out of range")
        self.syringe.set_unit("ML")
        self.truth.record(now, self.name, "diameter", value=float(match[0]))
        return []

    def _target(self, rest: str, now: float) -> list[str]:
        if not rest:
            target = self.syringe.target
            return [_volume(target) if target > 0 else "Target volume not set"]
        match = _VOLUME.fullmatch(rest)
        if match is None:
            raise _RefusedError(f"Argument error: {rest}", "   Unknown units")
        self.syringe.target = float(match[1]) * _MILLILITRES[match[2]]
        self.truth.record(now, self.name, "target", value=self.syringe.target)
        return []

    def _clear_target(self, _rest: str, _now: float) -> list[str]:
        self.syringe.target = 0.0
        return []

    def _clear(self, which: str, now: float) -> list[str]:
        self.syringe.clear(which, now)
        return []

    def _run(self, sign: float, now: float) -> list[str]:
        if self.syringe.running and self.syringe.sign == sign:
            return []
        self.syringe.stop(now)
        self.syringe.turn(sign, now)
        if not self.syringe.set_rate(self._rates["i" if sign > 0 else "w"], "MM", now):
            raise _RefusedError("Command error: run", "   Out of range")
        self._stalled = self._reached = False
        self.syringe.start(now)
        self.truth.record(now, self.name, "run", rate=self.syringe.flow)
        return []

    def _stop(self, _rest: str, now: float) -> list[str]:
        if self.syringe.stop(now):
            self.truth.record(now, self.name, "stop", why="command")
        self._stalled = self._reached = False
        return []

    def _status(self, _rest: str, now: float) -> list[str]:
        syringe = self.syringe
        infused = syringe.volumes(now)[0]
        direction = "i" if syringe.sign > 0 else "w"
        flags = direction + "." + ("S" if self._stalled else ".") + "." + direction.upper()
        rate = syringe.rate if syringe.running else 0.0
        seconds = infused / syringe.rate * 60.0
        return [f"{round(rate / 60.0 * 1e12)} {round(seconds)} {round(infused * 1e12)} {flags}"]

    def _current_rate(self, _rest: str, _now: float) -> list[str]:
        if not self.syringe.running:
            return ["Not running"]
        verb = "Infusing" if self.syringe.sign > 0 else "Withdrawing"
        return [f"{verb} at {self.syringe.rate:.5g} ml/min"]

    def _version(self, _rest: str, _now: float) -> list[str]:
        return [
            "Firmware:      v2.1.0",
            f"Pump address:  {self._address}",
            f"Serial number: {self.serial_number}",
        ]

    def _metrics(self, _rest: str, _now: float) -> list[str]:
        return ["Pump type          PHD ULTRA", "Direction          Infuse/withdraw"]


def _volume(millilitres: float) -> str:
    return f"{millilitres:.5f} ml" if millilitres < 100 else f"{millilitres:.3f} ml"

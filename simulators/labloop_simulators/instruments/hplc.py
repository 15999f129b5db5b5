"""Wire-level emulator of the HPLC with autosampler; the driver's README has every byte.

A run takes lab time. The host numbers the runs, so an injection asked for twice happens
once. The autosampler draws the cup, then empties and rinses it.
"""

import binascii
import math
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labloop_simulators.bodies.liquids import Liquid, Vessel
from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 120
_FRAME = re.compile(rb"\$([A-Z]+(?:,[^,*\x00-\x1f\x7f-\xff]*)*)\*([0-9A-F]{4})\r\n")
_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,3})?")
_BLOCK = 60
_LAST_RUN = 9999
RUN_SECONDS = 360
"""Length of a run: one point a second."""
_WIDTH = 4.0
"""Standard deviation of a peak in s."""
_BASELINE = 2.0
"""mAU without any peak."""
_RESPONSE = 10_000.0
"""Height of a peak in mAU per mol/L; the same for every compound."""
_SATURATION = 2100.0
_PICO_AU_PER_MAU = 1e9
PEAKS = {"substrate": 90.0, "product": 180.0, "internal_standard": 270.0}
"""Retention in s of everything that the detector sees; nothing else absorbs."""


@dataclass(slots=True)
class _Run:
    number: int
    request: tuple[str, ...]
    ends: float
    molarity: Mapping[str, float]
    points: list[int] | None = None


class HplcEmulator(Emulator):
    """Injects from a tray, runs for six minutes and hands the chromatogram out in blocks."""

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        tray: Mapping[str, Vessel],
        *,
        noise: float = 0.0,
        seed: int = 0,
        sync: Callable[[float], None] | None = None,
        serial_number: str = "LH-0001",
    ) -> None:
        super().__init__(name, truth, baud=115200, bits_per_byte=10)
        self._tray = dict(tray)
        self._noise = noise
        self._seed = seed
        self._sync = sync
        self.serial_number = serial_number
        self._run: _Run | None = None

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one line; a line that never ends is dropped unread."""
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Carry out one line and return the answer."""
        if self._sync is not None:
            self._sync(now)
        begin = frame.rfind(b"$")
        match = _FRAME.fullmatch(frame[begin:]) if begin >= 0 else None
        if match is None or b"%04X" % binascii.crc_hqx(match[1], 0) != match[2]:
            return _answer("ERR", "E01")
        verb, *fields = match[1].decode("ascii").split(",")
        answers = {"ID": self._identify, "STA": self._status, "INF": self._info}
        if verb == "INJ":
            return _answer(*self._inject(fields, now))
        if verb == "FET":
            return _answer(*self._fetch(fields, now))
        if verb not in answers:
            return _answer("ERR", "E02")
        return _answer(*answers[verb](fields, now))

    def power_cycle(self, now: float) -> None:
        """Lose power: the run in progress, kept runs and their numbers are lost."""
        self._run = None
        self.truth.record(now, self.name, "power_cycle")

    def _identify(self, _: list[str], __: float) -> tuple[str, ...]:
        return ("ID", "labloop-hplc", self.serial_number, "1.0")

    def _status(self, _: list[str], now: float) -> tuple[str, ...]:
        run = self._run
        if run is None:
            return ("STA", "READY", "0000", "0.0")
        left = max(0.0, run.ends - now)
        return ("STA", "RUN" if left > 0 else "READY", f"{run.number:04d}", f"{left:.1f}")

    def _inject(self, fields: list[str], now: float) -> tuple[str, ...]:
        run = self._run
        if run is not None and run.request == tuple(fields):
            return ("OK", f"{run.number:04d}", f"{max(0.0, run.ends - now):.1f}")
        code = self._refusal(fields, now)
        if code is not None:
            return ("ERR", code)
        number, position, microlitres = int(fields[0]), fields[1], float(fields[2])
        cup = self._tray[position]
        sample = cup.draw(microlitres, now)
        cup.draw(cup.volume(), now)
        self._run = _Run(number, tuple(fields), now + RUN_SECONDS, _molarity(sample))
        self.truth.record(now, self.name, "injected", position=position, run=number)
        return ("OK", f"{number:04d}", f"{float(RUN_SECONDS):.1f}")

    def _refusal(self, fields: list[str], now: float) -> str | None:
        """Return the code with which an injection is refused, or None."""
        well_formed = len(fields) == 3 and fields[0].isdigit() and _NUMBER.fullmatch(fields[2])
        if not well_formed or float(fields[2]) <= 0:
            return "E03"
        if self._run is not None and now < self._run.ends:
            return "E10"
        last = self._run.number if self._run is not None else 0
        if int(fields[0]) != last % _LAST_RUN + 1:
            return "E11"
        if fields[1] not in self._tray:
            return "E12"
        return "E13" if self._tray[fields[1]].volume() < float(fields[2]) else None

    def _finished(self, number: str, now: float) -> _Run | None:
        run = self._run
        if run is None or not number.isdigit() or run.number != int(number) or now < run.ends:
            return None
        return run

    def _info(self, fields: list[str], now: float) -> tuple[str, ...]:
        run = self._finished(fields[0], now) if len(fields) == 1 else None
        if run is None:
            return ("ERR", "E14")
        return ("INF", f"{run.number:04d}", str(RUN_SECONDS), "1.0")

    def _fetch(self, fields: list[str], now: float) -> tuple[str, ...]:
        if len(fields) != 3 or not all(field.isdigit() for field in fields):
            return ("ERR", "E03")
        run = self._finished(fields[0], now)
        if run is None:
            return ("ERR", "E14")
        offset, count = int(fields[1]), int(fields[2])
        if not 1 <= count <= _BLOCK or offset + count > RUN_SECONDS:
            return ("ERR", "E03")
        if run.points is None:
            run.points = self._record(run)
        block = b"".join(
            value.to_bytes(6, "big", signed=True) for value in run.points[offset : offset + count]
        )
        return ("DAT", f"{run.number:04d}", str(offset), str(count), block.hex().upper())

    def _record(self, run: _Run) -> list[int]:
        """Return what the detector writes down, in pico absorbance units."""
        curve = [_BASELINE] * RUN_SECONDS
        for name, retention in PEAKS.items():
            height = _RESPONSE * run.molarity.get(name, 0.0)
            if height > 0:
                _add_peak(curve, retention, height)
        if self._noise > 0:
            chance = random.Random(f"{self._seed}/{self.name}/{run.number}")  # noqa: S311 - noise of a detector
            curve = [value + chance.gauss(0.0, self._noise) for value in curve]
        return [round(min(value, _SATURATION) * _PICO_AU_PER_MAU) for value in curve]


def _add_peak(curve: list[float], retention: float, height: float) -> None:
    reach = int(10 * _WIDTH)
    for second in range(int(retention) - reach, int(retention) + reach + 1):
        curve[second] += height * math.exp(-0.5 * ((second - retention) / _WIDTH) ** 2)


def _molarity(sample: Liquid) -> dict[str, float]:
    """Return mol/L of every solute of a sample: micromoles per microlitre."""
    return {name: amount / sample.volume for name, amount in sample.amounts.items()}


def _answer(*fields: str) -> bytes:
    body = ",".join(fields).encode("ascii")
    return b"@" + body + b"*" + b"%04X" % binascii.crc_hqx(body, 0) + b"\r\n"

"""Wire-level emulator of the in-line UV detector (labloop's own documented protocol).

Written from the protocol's page, the README of the driver ``uv_detector``; the code is the
emulator's own. What flows past the cell is asked of the world at the moment of injection.
"""

import binascii
from collections.abc import Callable, Iterable

from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 64
_FULL_SCALE = 9999.999
"""mAU that seven digits in 0.001 mAU can hold."""
_LAMP_LOSS = 0.4 / 86_400.0
"""Per cent of intensity that a burning lamp loses in a second."""

Trace = Callable[[float, int], Iterable[float]]
"""(time of injection, number of the scan) -> absorbances in mAU at the detector's points."""


class UvDetectorEmulator(Emulator):
    """Answers as the detector does; ``trace`` says what a scan begun now will show."""

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        trace: Trace,
        *,
        points: int = 351,
        step_ms: int = 600,
        serial_number: str = "UV-0001",
    ) -> None:
        super().__init__(name, truth, baud=115_200, bits_per_byte=10)
        self.duration = points * step_ms / 1000.0
        """Seconds that one scan takes."""
        self._trace = trace
        self._step_ms = step_ms
        self.serial_number = serial_number
        self._scan = 0
        self._ready_at = 0.0
        self._block = b""
        self._lamp_since = 0.0
        self._fault = ""
        self._answers: dict[bytes, Callable[[float], bytes]] = {
            _line("ID?"): self._identify,
            _line("STATE?"): self._state,
            _line("LAMP?"): self._lamp,
            _line("SCAN"): self._start,
            _line("DATA?"): self._data,
            _line("ABORT"): self._abort,
        }

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one line; an endless line is dropped unread."""
        if not buffer:
            return None
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer one line; a damaged one is answered by an error, never carried out."""
        answer = self._answers.get(frame)
        if answer is not None:
            return answer(now)
        text = frame[:-7]
        intact = frame[-7:] == b"*%04X\r\n" % binascii.crc_hqx(text, 0)
        return _line("ERR 1 UNKNOWN COMMAND") if intact else _line("ERR 2 CHECKSUM")

    def power_cycle(self, now: float) -> None:
        """Switch off and on: a running scan and the last block are lost, the lamp restarts."""
        self._ready_at, self._block, self._lamp_since = now, b"", now
        self.truth.record(now, self.name, "power_cycle")

    def fail(self, words: str) -> None:
        """Let the detector report a fault from now on; empty words end it."""
        self._fault = words

    def _identify(self, _now: float) -> bytes:
        return _line(f"ID LUV-1 {self.serial_number} 1.2")

    def _state(self, now: float) -> bytes:
        if self._fault:
            return _line(f"STATE FAULT {self._finished(now)} 0")
        left = max(self._ready_at - now, 0.0)
        # Rounded up: a host that waits as long as it is told finds the scan finished.
        milliseconds = -int(-left * 1000.0 // 1)
        if not milliseconds:
            return _line(f"STATE READY {self._scan} 0")
        return _line(f"STATE SCANNING {self._scan - 1} {milliseconds}")

    def _finished(self, now: float) -> int:
        return self._scan - 1 if now < self._ready_at else self._scan

    def _lamp(self, now: float) -> bytes:
        left = max(100.0 - _LAMP_LOSS * (now - self._lamp_since), 0.0)
        return _line(f"LAMP {left:.2f}")

    def _start(self, now: float) -> bytes:
        if self._fault:
            return _line(f"ERR 5 {self._fault}")
        if now < self._ready_at - 1e-9:
            return _line("ERR 3 BUSY")
        self._scan += 1
        self._ready_at = now + self.duration
        self._block = self._pack(self._trace(now, self._scan))
        self.truth.record(now, self.name, "scan", number=self._scan)
        return _line(f"OK SCAN {self._scan} {round(self.duration * 1000)}")

    def _data(self, now: float) -> bytes:
        if now < self._ready_at - 1e-9 or not self._block:
            return _line("ERR 4 NO DATA")
        return self._block

    def _abort(self, now: float) -> bytes:
        if now < self._ready_at:
            self._ready_at, self._block = now, b""
            self.truth.record(now, self.name, "abort", number=self._scan)
        return _line("OK ABORT")

    def _pack(self, values: Iterable[float]) -> bytes:
        points = [f"{round(1000 * min(max(v, -_FULL_SCALE), _FULL_SCALE)):+08d}" for v in values]
        header = _line(f"DATA {self._scan} {len(points)} 0 {self._step_ms}")
        return header + _line("".join(points))


def _line(text: str) -> bytes:
    raw = text.encode("ascii")
    return b"%b*%04X\r\n" % (raw, binascii.crc_hqx(raw, 0))

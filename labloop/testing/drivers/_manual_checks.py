"""What the manual says: values in their units, answers and frames to the byte, checksums."""

from collections.abc import Callable
from typing import Any

from labloop.errors import LabloopError, UnitError
from labloop.records import Reading
from labloop.testing.drivers._case import Bench, DriverCase, ManualAnswer, require
from labloop.units import magnitude

_SAME = 0.01
"""The part of a value within which it is the same."""
_BITS_TRIED = 64
"""Places of each answer that are damaged, evenly spread."""


def reads_what_was_set(case: DriverCase) -> None:
    """After its action each read gives the value that the case names, in its unit."""
    with Bench(case) as bench:
        bench.do(case.act)
        for name, expected in case.values.items():
            _same(bench.read(name), expected, f"{case.driver}.{name} after the action")


def understands_the_manual(case: DriverCase) -> None:
    """An answer of the manual is the value, the quality or the error that it stands for."""
    for line in case.answers:
        with Bench(case) as bench:
            handle = bench.emulator.handle
            bench.emulator.handle = _instead(handle, line)
            try:
                got = bench.read(line.call) if isinstance(line.call, str) else bench.do(line.call)
            except LabloopError as error:
                got = error
            bench.emulator.handle = handle
            _judge(got, line, case)


def sends_what_the_manual_says(case: DriverCase) -> None:
    """An action sends the frame that the manual has for it."""
    for act, frame in case.frames:
        with Bench(case) as bench:
            before = len(bench.received())
            bench.do(act)
            sent = bench.received()[before:]
        require(frame in sent, f"{case.driver} sent {sent} where {frame!r} was due")


def refuses_damaged_answers(case: DriverCase) -> None:
    """Where answers bear a checksum, one with a single wrong bit is never taken for a value."""
    if not case.checksum:
        return
    with Bench(case) as bench:
        handle, damage = bench.emulator.handle, _Damage(bench.emulator.handle)
        for name in bench.reads:
            bench.emulator.handle = damage
            for place in range(_BITS_TRIED):
                damage.place = place
                try:
                    got = bench.read(name)
                except LabloopError:
                    continue
                raise AssertionError(
                    f"{case.driver}.{name} took the damaged {damage.told!r} for {got.value}"
                )
            bench.emulator.handle = handle
            bench.wait(30.0)
            bench.read(name)


class _Damage:
    """An emulator whose every answer has one wrong bit, always at the same place."""

    def __init__(self, handle: Callable[[bytes, float], Any]) -> None:
        self.handle = handle
        self.place = 0
        self.told = b""

    def __call__(self, frame: bytes, now: float) -> Any:
        answer = self.handle(frame, now)
        data = bytearray(getattr(answer, "data", answer) or b"")
        if data:
            bit = self.place * len(data) * 8 // _BITS_TRIED
            data[bit // 8] ^= 1 << bit % 8
        self.told = bytes(data)
        return self.told


def _instead(handle: Callable[[bytes, float], Any], line: ManualAnswer) -> Callable[..., Any]:
    """Return an emulator that gives the manual's answer."""

    def answer(frame: bytes, now: float) -> Any:
        own = handle(frame, now)
        if isinstance(line.answer, bytes):
            return line.answer if own is not None else None
        return line.answer.get(frame, own)

    return answer


def _judge(got: Any, line: ManualAnswer, case: DriverCase) -> None:
    what = f"{case.driver} was answered {line.answer!r}"
    if line.error is not None:
        require(isinstance(got, line.error), f"{what}: {line.error.__name__} was due, got {got!r}")
        return
    if callable(line.means):
        right = not isinstance(got, Exception) and line.means(got)
        require(right, f"{what}, and {got!r} is not what that means")
        return
    require(isinstance(got, Reading), f"{what} and gave {got!r}")
    if line.quality is not line.means:
        _same(got, line.means, what)
    require(
        got.quality is line.quality,
        f"{what}: the quality {line.quality.value} was due, got {got.quality.value}",
    )


def _same(reading: Reading, expected: Any, what: str) -> None:
    """Raise AssertionError where a reading is not the quantity that was expected."""
    try:
        wanted = magnitude(expected, reading.unit, what)
    except UnitError as error:
        raise AssertionError(f"{what}: {expected} was due; {error}") from None
    value = reading.value
    require(value is not None, f"{what}: {expected} was due, got no value")
    require(
        abs((value or 0.0) - wanted) <= _SAME * max(abs(wanted), 1e-9),
        f"{what}: {expected} was due, got {value} {reading.unit}",
    )

"""A driver with its emulator, or with a line to something else, in a lab of one device."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from labloop.errors import LabloopError
from labloop.lab import Device, LabHost, MemoryJournal, lab_file_of
from labloop.records import Mode, Quality

Act = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class ManualAnswer:
    r"""An answer that the instrument's manual has, and what the driver must make of it.

    ``ManualAnswer("rate", b"\x0200S60.00UH\x03", quantity(0.001, "mL/min"))``: while the read
    ``rate`` runs, the emulator gives this answer.
    """

    call: str | Act
    """The name of a read, or an action: ``lambda pump: pump.start()``."""
    answer: bytes | Mapping[bytes, bytes]
    """Given to every frame of that call, or only to the frames that it names."""
    means: Any
    """A quantity, a :class:`~labloop.records.Quality`, the class of the error that is raised, or a
    function that says of what an action returned whether it is right."""

    @property
    def error(self) -> type[LabloopError] | None:
        """The error that the answer stands for, None where it is a value."""
        is_error = isinstance(self.means, type) and issubclass(self.means, LabloopError)
        return self.means if is_error else None

    @property
    def quality(self) -> Quality:
        """What the reading must be worth."""
        return self.means if isinstance(self.means, Quality) else Quality.OK


@dataclass(frozen=True, slots=True)
class DriverCase:
    """What the checks need to know of a driver.

    The first four are enough to begin with. ``values``, ``answers``, ``frames`` and ``checksum``
    are what the manual says: without them no check can know a wrong unit from a right one.
    """

    driver: str
    """Its name among the installed drivers, or ``module:Class``."""
    world: Callable[[], Any]
    """Builds a new world; it has an emulator called ``device``, or none for a library."""
    device: str
    """The name of the device in that world."""
    act: Act
    """Carries out one harmless action: ``lambda pump: pump.set_rate(quantity(1, "mL/min"))``."""
    options: Mapping[str, Any] = field(default_factory=dict)
    prepare: Act | None = None
    """What must be done before reads and ``act`` are allowed, such as initialising."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Read -> the quantity that it gives after ``act``, within 1 %; in its unit."""
    answers: tuple[ManualAnswer, ...] = ()
    """Answers of the manual: other units, bad qualities, errors."""
    frames: tuple[tuple[Act, bytes], ...] = ()
    """Actions, each with a frame that it sends, as the manual has it."""
    checksum: bool = False
    """Whether answers bear a checksum: then a damaged one is never a value."""
    table: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of ``[devices.<name>]``. With a ``url`` the lab is real: nothing is emulated."""

    title: str = ""
    """What sets it apart from other cases of the same driver."""

    @property
    def real(self) -> bool:
        """Whether it speaks to something at the end of a line that is no emulator of the kit."""
        return bool(self.table.get("url"))


class Bench:
    """A lab with one device, open while a check runs.

    Args:
        case: the driver.
        options: ``world`` in place of the usual one, ``table`` with further keys of
            ``[devices.<name>]``, and further arguments of :class:`~labloop.lab.LabHost`.
    """

    def __init__(self, case: DriverCase, **options: Any) -> None:
        self.case = case
        self.world: Any = None if case.real else options.pop("world", None) or case.world()
        self.emulator: Any = None if self.world is None else self.world.emulators.get(case.device)
        """None for a driver that calls a library, and on a real line."""
        table: dict[str, Any] = {"driver": case.driver, "options": dict(case.options)}
        table |= case.table
        table |= options.pop("table", {})
        tables = {"lab": {"name": "bench"}, "devices": {case.device: table}}
        self.journal = MemoryJournal()
        mode = Mode.REAL if case.real else Mode.SIMULATED
        self.host = LabHost(
            lab_file_of(tables, "bench"),
            mode=options.pop("mode", mode),
            journal=self.journal,
            campaign_id="bench",
            world=self.world,
            speed="real" if case.real else "max",
            **options,
        )

    def __enter__(self) -> Self:
        self.host.__enter__()
        self.kind: type[Device] = self.host.call(self._kind)
        if self.case.prepare is not None and not self.case.real:
            self.do(self.case.prepare)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.host.__exit__(kind, error, trace)

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the driver's reads."""
        return self.kind.reads

    def do(self, act: Act) -> Any:
        """Carry ``act(device)`` out by hand and return its result."""
        return self.host.call(lambda lab: act(getattr(lab, self.case.device)))

    def read(self, name: str) -> Any:
        """Return what the read ``name`` returns."""
        return self.do(lambda device: getattr(device, name)())

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` of lab time pass."""
        self.do(lambda device: device.context.clock.sleep(seconds))

    def received(self) -> list[bytes]:
        """Return the frames that the device has received."""
        return [
            frame.data
            for frame in self.world.truth.frames
            if frame.device == self.case.device and frame.direction == ">"
        ]

    async def _kind(self, lab: Any) -> type[Device]:
        return type(getattr(lab, self.case.device))


def require(holds: bool, message: str) -> None:
    """Raise AssertionError with ``message`` where a promise does not hold."""
    if not holds:
        raise AssertionError(message)

"""A driver with its emulator in a lab of one device."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from labloop.lab import Device, LabHost, MemoryJournal, lab_file_of
from labloop.records import Mode

Act = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class DriverCase:
    """What the checks need to know of a driver."""

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


class Bench:
    """A lab with one device, open while a check runs.

    Args:
        case: the driver.
        options: ``world`` and ``mode`` in place of the usual ones, ``table`` with further keys of
            ``[devices.<name>]``, and further arguments of :class:`~labloop.lab.LabHost`.
    """

    def __init__(self, case: DriverCase, **options: Any) -> None:
        self.case = case
        self.world = options.pop("world", None) or case.world()
        self.emulator = self.world.emulators.get(case.device)
        """None for a driver that calls a library."""
        table: dict[str, Any] = {"driver": case.driver, "options": dict(case.options)}
        table |= options.pop("table", {})
        tables = {"lab": {"name": "bench"}, "devices": {case.device: table}}
        self.journal = MemoryJournal()
        self.host = LabHost(
            lab_file_of(tables, "bench"),
            mode=options.pop("mode", Mode.SIMULATED),
            journal=self.journal,
            campaign_id="bench",
            world=self.world,
            **options,
        )

    def __enter__(self) -> Self:
        self.host.__enter__()
        self.kind: type[Device] = self.host.call(self._kind)
        if self.case.prepare is not None:
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

    def frames(self) -> int:
        """Return how many frames the device has received."""
        return sum(
            frame.device == self.case.device and frame.direction == ">"
            for frame in self.world.truth.frames
        )

    async def _kind(self, lab: Any) -> type[Device]:
        return type(getattr(lab, self.case.device))


def require(holds: bool, message: str) -> None:
    """Raise AssertionError with ``message`` where a promise does not hold."""
    if not holds:
        raise AssertionError(message)

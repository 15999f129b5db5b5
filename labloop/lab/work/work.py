"""Work: what is carried out beside the lab's loop, by whatever kind of program."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from labloop.errors import DefinitionError, WorkError
from labloop.lab.work.progress import WorkRecord
from labloop.records import Json, finite

_LONGEST = 366 * 86400.0
"""Seconds of a time-out at most: threads cannot wait for as long as one likes."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often work is done again that failed, after which failures, and after what wait.

    Attributes:
        times: how often at most, after the first time.
        wait: seconds before the first repetition.
        factor: by how much the wait grows each time.
        on: the exceptions after which it is repeated; ``TimeoutError`` is a time-out,
            ``WorkError`` (of ``labloop.errors``) also an exit code or a crash.
    """

    times: int = 2
    wait: float = 1.0
    factor: float = 2.0
    on: type[BaseException] | tuple[type[BaseException], ...] = Exception

    def __post_init__(self) -> None:
        times = finite(self.times, "Retry times")
        if times != int(times) or times < 0:
            raise DefinitionError(f"Retry times must be a whole number from 0, got {self.times!r}")
        if not 0 <= finite(self.wait, "Retry wait") <= _LONGEST:
            raise DefinitionError(f"Retry wait must be seconds from 0, got {self.wait!r}")
        if finite(self.factor, "Retry factor") < 1:
            raise DefinitionError(f"Retry factor must be at least 1, got {self.factor!r}")
        if not self._classes or not all(
            isinstance(each, type) and issubclass(each, BaseException) for each in self._classes
        ):
            raise DefinitionError(
                f"Retry on must be exceptions such as (OSError, TimeoutError), got {self.on!r}"
            )

    @property
    def _classes(self) -> tuple[Any, ...]:
        return self.on if isinstance(self.on, tuple) else (self.on,)

    def covers(self, error: BaseException) -> bool:
        """Return whether work is repeated after ``error``, also one of another process."""
        if isinstance(error, self._classes):
            return True
        raised = error.raised if isinstance(error, WorkError) else ()
        return any(class_path(each) in raised for each in self._classes)

    def seconds(self, done: int) -> float:
        """Return how long to wait before the next repetition, after ``done`` of them."""
        return float(min(self.wait * self.factor**done, _LONGEST))


NO_RETRY = Retry(times=0)


def class_path(kind: type[BaseException]) -> str:
    """Return the name by which an exception's class is known in every process."""
    # A campaign file, or a script, has another module name in each process.
    own = kind.__module__.startswith(("labloop_campaign_", "__main__", "__mp_main__"))
    module = "" if own else kind.__module__
    return f"{module}.{kind.__qualname__}"


class StopFlag:
    """Says whether what runs is to end, and why; from any thread and in a signal handler."""

    def __init__(self) -> None:
        self.reason = ""
        self._event = threading.Event()
        self._calls: dict[object, Callable[[], object]] = {}

    def __bool__(self) -> bool:
        return self._event.is_set()

    def set(self, reason: str) -> None:
        """Let it end; the first reason counts."""
        self.reason = self.reason or reason
        self._event.set()
        for call in list(self._calls.values()):
            call()

    def wait(self, seconds: float | None) -> bool:
        """Wait for a stop, and return whether it came."""
        return self._event.wait(seconds)

    @contextmanager
    def calling(self, call: Callable[[], object]) -> Iterator[None]:
        """Call ``call()`` at a stop, at once where it came before, as long as the block runs."""
        key = object()
        self._calls[key] = call
        try:
            if self:
                call()
            yield
        finally:
            del self._calls[key]


@dataclass(slots=True, eq=False)
class WorkCall:
    """One attempt at some work: what it is given, and where it tells of itself."""

    args: tuple[Any, ...]
    folder: Path
    """The campaign's folder, in which programs and notebooks are looked for."""
    name: str
    """Names what is done, unique in a campaign: the experiment's id and the attempt."""
    stop: StopFlag
    record: WorkRecord = field(default_factory=WorkRecord)
    place: Path | None = None
    """The folder of this attempt; None for what needs none."""
    code: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    """The campaign's files, for a machine that does not see its folder."""
    left: threading.Thread | None = None
    """What still runs after a time-out, since nothing can end a thread."""
    facts: dict[str, Json] = field(default_factory=dict)
    """What is stored of the attempt beside its log: exit code, id of a job."""


@dataclass(frozen=True, kw_only=True)
class Work(ABC):
    """What carries an experiment, or a part of one, out beside the lab's loop.

    Attributes:
        timeout: seconds after which it is ended; None for never.
        repeatable: whether doing it twice does no harm. Where the campaign's process dies in
            the middle of it, it is done again without asking; only such work may be retried.
        retry: how often it is done again where it fails.
    """

    timeout: float | None = None
    repeatable: bool = False
    retry: Retry = NO_RETRY

    kind: ClassVar[str]
    """``function``, ``process``, ``command``, ``notebook`` or ``cluster job``."""
    survives: ClassVar[bool] = False
    """Whether it goes on where the campaign's process dies, and is found again."""

    def __post_init__(self) -> None:
        if self.timeout is not None and not (
            0 < finite(self.timeout, f"timeout of {self.name}") <= _LONGEST
        ):
            raise DefinitionError(
                f"timeout of {self.name} must be seconds above 0, got {self.timeout!r}"
            )
        if not isinstance(self.retry, Retry):
            raise DefinitionError(
                f"retry of {self.name} must be a Retry such as Retry(times=2), got {self.retry!r}"
            )
        if self.retry.times and not self.repeatable:
            raise DefinitionError(
                f"{self.name} is retried, and nothing says that doing it twice does no harm; "
                "add repeatable=True where that is so, else leave retry= out"
            )

    @property
    @abstractmethod
    def name(self) -> str:
        """What a person calls it: the function, the program, the notebook."""

    @property
    def files(self) -> Sequence[str]:
        """Files of the campaign's folder without which it cannot be done."""
        return ()

    @abstractmethod
    def check(self, names: Sequence[str]) -> None:
        """Raise LabloopError where it does not fit these parameters, or cannot be done here."""

    def make_place(self, name: str) -> Path | None:
        """Return the new folder of an attempt, where this kind of work needs one."""
        del name
        return None

    @abstractmethod
    def carry_out(self, call: WorkCall) -> Any:
        """Do it in the calling thread, and return its result.

        Raises:
            WorkError: it failed; WorkTimeoutError after the time-out.
            UncertainError: it may still have an effect.
            ExperimentCancelled: a stop came.
        """

    def take_up(self, call: WorkCall) -> Any:
        """Find again what an earlier process began at ``call.place``, and return its result.

        Raises:
            UncertainError: it is not known what became of it.
        """
        raise NotImplementedError(f"{self.kind} does not survive; {call.name}")

    def spec(self) -> dict[str, Json]:
        """Return what is stored of it with the campaign."""
        return {
            "kind": self.kind,
            "timeout": self.timeout,
            "repeatable": self.repeatable,
            "retries": self.retry.times,
            "survives": self.survives,
        }

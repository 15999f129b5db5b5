"""What is scheduled, and a schedule."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from labloop.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class UnitState:
    """How a unit stands at the begin.

    Attributes:
        free_at: second from which on it may be entered.
        used: whether it was used before, and needs no warm-up.
        setting: of the newest use.
    """

    free_at: float = 0.0
    used: bool = False
    setting: str | float | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """Units that are alike, such as two ovens.

    Attributes:
        name: of them together.
        count: how many there are.
        capacity: jobs that one of them holds at once, all at one setting.
        cleaning: seconds after a use before the next one.
        change_over: further seconds between uses at different settings.
        warm_up: seconds before the first use of a unit.
        units: how each stands at the begin; as new where left out.
    """

    name: str
    count: int = 1
    capacity: int = 1
    cleaning: float = 0.0
    change_over: float = 0.0
    warm_up: float = 0.0
    units: tuple[UnitState, ...] = ()

    def state(self, unit: int) -> UnitState:
        """Return how a unit stands at the begin."""
        return self.units[unit] if self.units else UnitState()

    def ready_at(self, unit: int, setting: str | float | None) -> float:
        """Return the second before which no use at ``setting`` can begin on a unit."""
        state = self.state(unit)
        if not state.used:
            return state.free_at + self.warm_up
        return state.free_at + (self.change_over if state.setting != setting else 0.0)

    def __post_init__(self) -> None:
        if self.units and len(self.units) != self.count:
            raise DefinitionError(
                f"resource {self.name!r} has {self.count} units, got the state of {len(self.units)}"
            )
        if self.count < 1 or self.capacity < 1:
            raise DefinitionError(
                f"resource {self.name!r} needs a count and a capacity of at least 1, got "
                f"{self.count} and {self.capacity}"
            )
        times = (self.cleaning, self.change_over, self.warm_up)
        if not all(0 <= each < float("inf") for each in times):
            raise DefinitionError(
                f"cleaning, change_over and warm_up of {self.name!r} are seconds from 0, got "
                f"{', '.join(f'{each}' for each in times)}"
            )


@dataclass(frozen=True, slots=True)
class Use:
    """A job holds one unit of a resource, from ``begin`` to ``end`` of its own time.

    Own time is what passes for the job without waiting: seconds since its begin if everything
    were free at once.

    Attributes:
        resource: name of the units.
        begin: own seconds at which it asks for one.
        end: own seconds at which it gives it back.
        setting: uses at different ones are never in a unit together.
        unit: number of the unit that it has already; None where it is still to get one.
    """

    resource: str
    begin: float
    end: float
    setting: str | float | None = None
    unit: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work: uses one after the other, beside or in one another.

    Attributes:
        name: of the job.
        uses: what it holds.
        seconds: own time of all of it; that of the last use where it is 0.
        release: second before which it cannot begin.
    """

    name: str
    uses: Sequence[Use]
    seconds: float = 0.0
    release: float = 0.0

    @property
    def length(self) -> float:
        """Own seconds from begin to end."""
        return max([self.seconds, *(use.end for use in self.uses)])


@dataclass(frozen=True, slots=True)
class Problem:
    """Jobs and what they share.

    Raises:
        DefinitionError: a use of a resource that there is not, or one that ends before it begins.
    """

    resources: Sequence[Resource]
    jobs: Sequence[Job]

    def __post_init__(self) -> None:
        counts = {resource.name: resource.count for resource in self.resources}
        for job in self.jobs:
            for use in job.uses:
                if use.resource not in counts:
                    raise DefinitionError(
                        f"job {job.name!r} uses {use.resource!r}, which there is not; known are: "
                        f"{', '.join(counts)}"
                    )
                if not (0 <= use.begin <= use.end and isfinite(use.end)):
                    raise DefinitionError(
                        f"job {job.name!r} uses {use.resource!r} from {use.begin} to {use.end}; "
                        "a use begins at 0 or later and ends after that"
                    )
                if use.unit is not None and not 0 <= use.unit < counts[use.resource]:
                    raise DefinitionError(
                        f"job {job.name!r} has unit {use.unit} of {use.resource!r}, of which there "
                        f"are {counts[use.resource]}"
                    )

    def resource(self, name: str) -> Resource:
        """Return a resource by name."""
        return next(each for each in self.resources if each.name == name)


class Booking(NamedTuple):
    """A use in a schedule, in seconds."""

    job: int
    """Index of the job."""
    use: int
    """Index of its use."""
    unit: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """When each job has what.

    Attributes:
        bookings: of all uses, in order of their starts.
        ends: second of the end of each job.
        bound: no schedule is shorter than this; 0 where nobody knows.
        basis: who made it, in words.
    """

    bookings: Sequence[Booking]
    ends: Sequence[float]
    bound: float = 0.0
    basis: str = "first come, first served"

    @property
    def makespan(self) -> float:
        """Seconds until the last job has ended."""
        return max(self.ends, default=0.0)

    @property
    def is_proven(self) -> bool:
        """Whether none is shorter."""
        return self.bound >= self.makespan - 1e-9


class Event(NamedTuple):
    """A job gets or gives back a unit."""

    own: float
    """Own second of the job."""
    use: int
    gets: bool


def events_of(job: Job) -> list[Event]:
    """Return what a job gets and gives back, in the order in which it does.

    At one moment it first gives back what it had, then gets; a use that takes no time is given
    back right after.
    """
    begins = [(use.begin, 1, i, 0) for i, use in enumerate(job.uses)]
    ends = [
        (use.end, 1, i, 1) if use.end == use.begin else (use.end, 0, i, 0)
        for i, use in enumerate(job.uses)
    ]
    marked = [(each, True) for each in begins] + [(each, False) for each in ends]
    return [Event(own, use, gets) for (own, _, use, _), gets in sorted(marked)]


@dataclass(slots=True)
class Unit:
    """One unit while a schedule is made."""

    inside: set[int] = field(default_factory=set)
    """Jobs."""
    setting: str | float | None = None
    used: bool = False
    free_at: float = 0.0

    def opens(self, resource: Resource, setting: str | float | None, now: float) -> bool:
        """Return whether a job at ``setting`` may enter."""
        if self.inside:
            return len(self.inside) < resource.capacity and self.setting == setting
        return now >= self.free_at

    def delay(self, resource: Resource, setting: str | float | None) -> float:
        """Return the seconds of the change-over before it is ready."""
        if self.inside:
            return 0.0
        if not self.used:
            return resource.warm_up
        return resource.change_over if self.setting != setting else 0.0

"""What was wanted, in the words of a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labloop.objectives import Maximize, Minimize, Objectives, Target
from labloop.records import Dataset, Json
from labloop.report.data.numbers import readable, with_unit

Scores = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Aim:
    """One wish for one output, ready to be printed."""

    output: str
    unit: str
    kind: str
    """``largest``, ``smallest`` or ``nearest``."""
    value: float | None = None
    tolerance: float | None = None

    @property
    def words(self) -> str:
        """The wish in words: ``largest product yield``."""
        name = readable(self.output)
        if self.value is None:
            return f"{self.kind} {name}"
        around = f" ± {with_unit(self.tolerance, self.unit)}" if self.tolerance else ""
        return f"{name} nearest to {with_unit(self.value, self.unit)}{around}"


@dataclass(frozen=True, slots=True)
class Aims:
    """All wishes of a campaign, with the rules that rank results by them."""

    items: tuple[Aim, ...]
    rules: Objectives | None

    @classmethod
    def of(cls, spec: Mapping[str, Json], units: Mapping[str, str]) -> "Aims":
        """Return the aims of a campaign's spec; none where the spec holds no objective."""
        if not spec:
            return cls((), None)
        rules = Objectives.from_spec(spec)
        return cls(tuple(_aim(aim, units) for aim in rules.aims), rules)

    def __len__(self) -> int:
        return len(self.items)

    def score(self, outputs: Mapping[str, float]) -> Scores | None:
        """Return one number an aim, larger is better; None where an output is missing."""
        if self.rules is None or any(name not in outputs for name in self.rules.outputs):
            return None
        return tuple(float(s) for s in self.rules.score(outputs))

    @property
    def demands(self) -> str:
        """What thresholds and constraints demand, in words; empty where there are none."""
        return self.rules.demands if self.rules else ""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that are read: those of aims, then those of constraints."""
        return self.rules.outputs if self.rules else ()

    def breaks(self, outputs: Mapping[str, float]) -> tuple[str, ...]:
        """Return what a result with every output breaks, in words; nothing where it is feasible."""
        return self.rules.breaks(outputs) if self.rules else ()

    def best(self, dataset: Dataset) -> str | None:
        """Return the id of the best experiment; with several aims of the best compromise.

        None without results, or where none of them is feasible.
        """
        found = self.rules.best_seen(dataset) if self.rules else None
        return found.experiment_id if found else None

    def reference(self, dataset: Dataset) -> Scores | None:
        """Return the scores from which the hypervolume is counted; None without results."""
        return self.rules.reference_point(dataset) if self.rules and dataset.done else None


def _aim(aim: Any, units: Mapping[str, str]) -> Aim:
    unit = units.get(aim.output, "1")
    if isinstance(aim, Target):
        return Aim(aim.output, unit, "nearest", aim.value, aim.tolerance)
    if isinstance(aim, Maximize | Minimize):
        return Aim(aim.output, unit, "largest" if isinstance(aim, Maximize) else "smallest")
    raise TypeError(f"an aim of the kind {type(aim).__name__} has no words in the report")

"""One campaign as a report sees it: its experiments, axes, aims, rounds and alarms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from labloop.records import (
    AlarmRecord,
    CampaignRecord,
    CurveData,
    Dataset,
    ExperimentRecord,
    ExperimentState,
    ForecastRecord,
    Json,
    Observation,
    Point,
    Proposal,
    RoundRecord,
    ScalarValue,
)
from labloop.report.data.aims import Aims, Scores

WITHOUT_RESULT = frozenset(
    {ExperimentState.FAILED, ExperimentState.ABANDONED, ExperimentState.UNCERTAIN}
)
"""States of experiments that ended, or hang, without a result."""


@dataclass(frozen=True, slots=True)
class ExperimentData:
    """One experiment with what came of it and who asked for it."""

    record: ExperimentRecord
    scalars: Mapping[str, ScalarValue] = field(default_factory=dict)
    curves: Mapping[str, CurveData] = field(default_factory=dict)
    proposal: Proposal | None = None
    scores: Scores | None = None
    """One number an aim, larger is better; None without a result."""
    reached: Point | None = None
    """The conditions that were reached, where others were asked for."""
    outside: bool = False
    """Whether it was carried out outside of the space."""
    past: tuple[str, ...] = ()
    """What was superseded, a sentence for each."""
    breaks: tuple[str, ...] = ()
    """The thresholds and outcome constraints that its result breaks, in words."""

    @property
    def point(self) -> Point:
        """The conditions at which it was carried out, as far as they are known."""
        return self.record.point if self.reached is None else self.reached

    @property
    def remark(self) -> str:
        """What should be known of it: why it ended so, where it lay, what was corrected."""
        missed = {n: v for n, v in self.record.point.items() if self.point.get(n) != v}
        asked = ", ".join(
            f"{n}={v}" if isinstance(v, str) else f"{n}={v:.6g}" for n, v in missed.items()
        )
        parts = [
            self.record.reason,
            f"asked for: {asked}" if asked else "",
            "outside of the space" if self.outside else "",
            f"breaks {' and '.join(self.breaks)}" if self.breaks else "",
            *self.past,
        ]
        return "; ".join(part for part in parts if part)

    @property
    def feasible(self) -> bool:
        """Whether it has a result that breaks no threshold and no outcome constraint."""
        return self.scores is not None and not self.breaks

    @property
    def lost(self) -> bool:
        """Whether it ended, or hangs, without a result."""
        return self.record.state in WITHOUT_RESULT


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter as an axis: numbers (by logarithm or not) or categories."""

    name: str
    unit: str
    log: bool = False
    categories: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    """What the space allows, where it is a range of numbers."""


@dataclass(frozen=True)
class CampaignData:
    """One campaign as the report and the terminal see it."""

    record: CampaignRecord
    experiments: tuple[ExperimentData, ...]
    rounds: Sequence[RoundRecord]
    alarms: Sequence[AlarmRecord]
    axes: tuple[Axis, ...]
    units: Mapping[str, str]
    """Scalar outputs in order of declaration -> unit."""
    aims: Aims
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Scalar output -> what it can be at all, where that was declared."""
    forecasts: Sequence[ForecastRecord] = ()
    """Oldest first."""
    wishes: tuple[str, ...] = ()
    """What persons want of all proposals until they lift it, with who said it."""

    @cached_property
    def ranked(self) -> list[ExperimentData]:
        """The experiments that can be compared: finished, with every output that is read."""
        return [t for t in self.experiments if t.scores is not None]

    @cached_property
    def best(self) -> ExperimentData | None:
        """The best experiment, with several aims the best compromise; None without results."""
        chosen = self.aims.best(self.dataset)
        return next((t for t in self.ranked if t.record.id == chosen), None)

    @property
    def fit_report(self) -> Mapping[str, Json]:
        """What the model of the newest round that has one says about itself."""
        return next((r.fit_report for r in reversed(self.rounds) if r.fit_report), {})

    @cached_property
    def dataset(self) -> Dataset:
        """The finished experiments as the brain would see them, without curves."""
        return Dataset(
            tuple(
                Observation(t.record.id, t.point, {n: v.value for n, v in t.scalars.items()})
                for t in self.ranked
            )
        )

"""Where a campaign stands, as pure data for the terminal and the report."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from labloop.campaign import lab_seconds
from labloop.records import (
    CampaignState,
    ExperimentState,
    Mode,
    Point,
    Repositories,
    ScalarValue,
)
from labloop.report.data import CampaignData, ExperimentData, read_campaign
from labloop.report.text.alarms import campaign_alarms
from labloop.report.text.convergence import convergence_points, pareto_front
from labloop.report.text.schedule import came_true, forecast_words

_ENDED = {ExperimentState.DONE, ExperimentState.FAILED}
_BEGUN = {ExperimentState.DONE, ExperimentState.FAILED, ExperimentState.UNCERTAIN}


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """One limit of a campaign and how much of it is used."""

    name: str
    """``experiments``, ``hours`` (of lab time) or ``cost``."""
    limit: float | None
    used: float | None
    """None where the database does not know it: cost is counted by the campaign's own code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """A result that nothing measured so far beats."""

    experiment_id: str
    number: int
    point: Point
    values: Mapping[str, ScalarValue]
    """Outputs of aims and constraints, with unit and standard deviation where known."""
    interval: tuple[float, float] | None
    """90 % interval of the first aim's output: measured where its deviation is known, else
    as predicted when it was asked for."""
    interval_from: str
    """``measured``, ``predicted`` or empty."""
    remark: str = ""
    """What should be known of it: what was asked for, that it lies outside, corrections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSummary:
    """Where one campaign stands."""

    campaign_id: str
    name: str
    mode: Mode
    state: CampaignState
    reason: str
    version: int
    experiments: Mapping[ExperimentState, int]
    """How many experiments stand in each state; every state is a key."""
    budget: tuple[BudgetUse, ...]
    aims: tuple[str, ...]
    """What is wanted, in words."""
    demands: str
    """What thresholds and outcome constraints demand of a result; empty where nothing does."""
    kept: str
    """How many results keep that, in words; empty where nothing is demanded."""
    failure: str
    """How many experiments failed and why the last of them did; empty where none has."""
    best: Best | None
    """The best feasible result; with several aims the best compromise."""
    front: tuple[Best, ...]
    """With several aims: the feasible results that none beats in every aim."""
    hypervolume: float | None
    last_round: int | None
    alarms: tuple[str, ...]
    """Each alarm in words, repeated ones once; those in force first, by what they would change."""
    waits: Mapping[int, str]
    """Running experiment -> what it waits for in the lab, who has that, and since when."""
    wishes: tuple[str, ...]
    """What persons want of all proposals until they lift it, with who said it."""
    forecast: str
    """What the newest forecast expected, and whether that came true; empty without one."""
    plate: str
    """How many plates there were and how the newest one stands; empty without plates."""
    not_safe: tuple[str, ...]
    """What is critical and acknowledged by nobody, to be shown before everything else."""
    headlines: tuple[str, ...]
    """The same, as a person reads it first."""

    @property
    def done(self) -> int:
        """How many experiments have a result."""
        return self.experiments[ExperimentState.DONE]

    @property
    def failed(self) -> int:
        """How many experiments failed."""
        return self.experiments[ExperimentState.FAILED]

    @property
    def running(self) -> int:
        """How many experiments are in the lab now."""
        return self.experiments[ExperimentState.RUNNING]

    @property
    def uncertain(self) -> int:
        """How many experiments wait for a person to say what became of them."""
        return self.experiments[ExperimentState.UNCERTAIN]

    @property
    def best_value(self) -> float | None:
        """The first aim's output of the best result, in its declared unit."""
        return next(iter(self.best.values.values())).value if self.best else None

    @property
    def best_point(self) -> Point | None:
        """The conditions of the best result."""
        return self.best.point if self.best else None

    @property
    def best_experiment(self) -> int | None:
        """The number of the experiment with the best result."""
        return self.best.number if self.best else None


def summary(repositories: Repositories, campaign_id: str) -> CampaignSummary:
    """Return where a campaign stands; reads the database only.

    Raises:
        NotFoundError: no campaign has this id.
    """
    return summarise(read_campaign(repositories, campaign_id))


def summarise(data: CampaignData) -> CampaignSummary:
    """Return where the campaign stands whose data was read."""
    counts = Counter(t.record.state for t in data.experiments)
    best = data.best
    several = len(data.aims) > 1
    on_front = pareto_front(data) if several else []
    points = convergence_points(data) if several else ()
    return CampaignSummary(
        campaign_id=data.record.id,
        name=data.record.name,
        mode=data.record.mode,
        state=data.record.state,
        reason=data.record.reason,
        version=data.record.version,
        experiments={state: counts[state] for state in ExperimentState},
        budget=_budget(data),
        aims=tuple(aim.words for aim in data.aims.items),
        demands=data.aims.demands,
        kept=_kept(data),
        failure=_failure(data),
        best=as_best(data, best) if best else None,
        front=tuple(as_best(data, experiment) for experiment in on_front),
        hypervolume=points[-1].hypervolume if points else None,
        last_round=max((r.index for r in data.rounds), default=None),
        alarms=tuple(alarm.words for alarm in campaign_alarms(data)),
        headlines=tuple(dict.fromkeys(a.headline for a in data.alarms if a.is_open)),
        waits={
            t.record.number: t.record.reason
            for t in data.experiments
            if t.record.state is ExperimentState.RUNNING and t.record.reason
        },
        wishes=data.wishes,
        forecast=_forecast(data),
        plate=_plate(data),
        not_safe=tuple(dict.fromkeys(a.alarm.message for a in data.alarms if a.is_open)),
    )


def _plate(data: CampaignData) -> str:
    rounds = [r for r in data.rounds if any(p.well for p in r.proposals)]
    if not rounds:
        return ""
    newest = [t.record for t in data.experiments if t.record.round_index == rounds[-1].index]
    ended = sum(record.state in _ENDED for record in newest)
    wells = [p.well for p in rounds[-1].proposals]
    return (
        f"{len(rounds)} so far; of the {len(wells)} wells of the newest ({wells[0]} to "
        f"{wells[-1]}) {ended} have ended"
    )


def _forecast(data: CampaignData) -> str:
    if not data.forecasts:
        return ""
    newest = data.forecasts[-1]
    told = (forecast_words(newest), came_true(data, newest))
    return "; ".join(part for part in told if part)


def _kept(data: CampaignData) -> str:
    if not data.aims.demands:
        return ""
    kept = sum(experiment.feasible for experiment in data.ranked)
    return f"{kept} of {len(data.ranked)} results have {data.aims.demands}"


def _failure(data: CampaignData) -> str:
    failed = [t.record for t in data.experiments if t.record.state is ExperimentState.FAILED]
    if not failed:
        return ""
    last = max(failed, key=lambda record: record.number)
    begun = sum(t.record.state in _BEGUN for t in data.experiments)
    return (
        f"{len(failed)} of {begun} experiments; experiment {last.number} because: "
        f"{last.reason or 'no reason was told'}"
    )


def as_best(data: CampaignData, experiment: ExperimentData) -> Best:
    """Return one result with its conditions and the interval of its first aim."""
    names = data.aims.outputs
    first = experiment.scalars[names[0]]
    bounds: tuple[float, float] | None = None
    source = ""
    predicted = experiment.proposal.predicted.get(names[0]) if experiment.proposal else None
    if first.sd is not None:
        half = 1.645 * first.sd
        bounds, source = (first.value - half, first.value + half), "measured"
    elif predicted is not None:
        bounds, source = (predicted.low, predicted.high), "predicted"
    return Best(
        experiment_id=experiment.record.id,
        number=experiment.record.number,
        point=experiment.point,
        values={name: experiment.scalars[name] for name in names},
        interval=bounds,
        interval_from=source,
        remark=experiment.remark,
    )


def _budget(data: CampaignData) -> tuple[BudgetUse, ...]:
    limits = data.record.spec.get("budget")
    known = limits if isinstance(limits, Mapping) else {}
    ended = {ExperimentState.DONE, ExperimentState.FAILED}
    used: dict[str, float | None] = {
        "experiments": float(sum(t.record.state in ended for t in data.experiments)),
        "hours": lab_seconds([t.record for t in data.experiments]) / 3600,
        "cost": None,
    }
    return tuple(
        BudgetUse(name=name, limit=_limit(known.get(name)), used=value)
        for name, value in used.items()
    )


def _limit(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
